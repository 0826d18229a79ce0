from crm.contacts.service import service

service.main()
