-- One line for everything in the schema whose change would matter; partitions of events come and go.
with own as (
  select c.oid, c.relname from pg_catalog.pg_class c
  where c.relnamespace = 'docproc'::regnamespace and c.relname !~ '^event_(\d{4}_\d{2}|other)' and c.relname !~ '^write_log')
select line from (
  select format('column %s.%s %s%s%s', o.relname, a.attname, format_type(a.atttypid, a.atttypmod), case when a.attnotnull then ' not null' end,
    ' default ' || pg_get_expr(d.adbin, d.adrelid)) as line
  from own o join pg_catalog.pg_attribute a on a.attrelid = o.oid and a.attnum > 0 and not a.attisdropped
  join pg_catalog.pg_class c on c.oid = o.oid and c.relkind in ('r', 'p')
  left join pg_catalog.pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
  union all
  select format('constraint %s.%s %s', o.relname, n.conname, pg_get_constraintdef(n.oid)) from own o join pg_catalog.pg_constraint n on n.conrelid = o.oid
  union all
  select format('index %s', pg_get_indexdef(i.indexrelid)) from own o join pg_catalog.pg_index i on i.indrelid = o.oid
  union all
  select format('view %s %s', o.relname, md5(pg_get_viewdef(o.oid))) from own o join pg_catalog.pg_class c on c.oid = o.oid and c.relkind = 'v'
  union all
  select format('function %s %s', p.oid::regprocedure, md5(concat(p.prosrc, p.prosecdef, p.proconfig::text))) from pg_catalog.pg_proc p
  where p.pronamespace = 'docproc'::regnamespace and p.proname <> 'zstd_decode'
  union all
  select format('policy %s.%s %s %s %s', o.relname, y.polname, y.polcmd,
    array(select r.rolname from pg_catalog.pg_roles r where r.oid = any (y.polroles) order by 1)::text, md5(pg_get_expr(y.polqual, y.polrelid)))
  from own o join pg_catalog.pg_policy y on y.polrelid = o.oid
  union all
  select format('row security %s %s %s', o.relname, c.relrowsecurity, c.relforcerowsecurity) from own o join pg_catalog.pg_class c on c.oid = o.oid and c.relkind in ('r', 'p')
) lines
order by line
