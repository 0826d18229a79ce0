"""`python -m crm.analytics ROLE …`"""

from crm.analytics.service import service

service.main()
