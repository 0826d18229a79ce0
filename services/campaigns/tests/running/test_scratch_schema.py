import schemathesis, json
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import status_code_conformance, content_type_conformance, response_schema_conformance
from crm.chassis.http import create_app
from hypothesis import settings as hs, HealthCheck, given
def test_it(api, issuer, launch, people, post_office, client):
    people.register("Ada", "ada@x.example")
    launch()
    app=create_app(api)
    token=issuer.issue("kim",["*"])
    schema=schemathesis.openapi.from_asgi("/openapi.json", app)
    bad=[]
    n=0
    for r in schema.get_all_operations():
        op=r.ok()
        @hs(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck), database=None)
        @given(case=op.as_strategy())
        def run(case):
            nonlocal n
            n+=1
            resp=case.call(headers={"Authorization":f"Bearer {token}"})
            try:
                case.validate_response(resp, checks=[not_a_server_error,status_code_conformance, content_type_conformance, response_schema_conformance], headers={"Authorization":f"Bearer {token}"})
            except BaseException as e:
                bad.append((op.label, resp.status_code, str(e)[:400]+repr(getattr(e,'exceptions',''))[:300]+resp.text[:200]))
        try: run()
        except Exception as e: bad.append((op.label,"exc",repr(e)[:500]))
    seen=set()
    for b in bad:
        k=(b[0],b[1],b[2][:60])
        if k not in seen:
            seen.add(k); print(b)
    print(n,"cases",len(bad),"bad")
