"""`python -m crm.service_desk ROLE …`"""

from crm.service_desk.service import service

service.main()
