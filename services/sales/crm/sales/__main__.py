"""`python -m crm.sales ROLE …`"""

from crm.sales.service import service

service.main()
