-- What customers and agents call a ticket. A number that was drawn and not used is a gap, which is allowed.
CREATE SEQUENCE ticket_numbers AS bigint;
