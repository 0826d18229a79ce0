"""`python -m crm.campaigns ROLE …`"""

from crm.campaigns.service import service

service.main()
