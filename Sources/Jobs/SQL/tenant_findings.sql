-- What is not as it should be among tenants: for who may see them.
select 'tenants' as check, 'warning' as level, format('the tenant %s is no role', m.tenant) as found,
  format('Whoever makes a role of that name sees its jobs: create role %I', m.tenant) as remedy
from docproc.member m where not exists (select from pg_catalog.pg_roles r where r.rolname = m.tenant)
