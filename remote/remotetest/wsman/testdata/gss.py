# Logs in to an endpoint with MIT's GSSAPI and the gss-ntlmssp plugin (NTLM), or
# with MIT's Kerberos. With NTLM it seals one message and opens the answer. For
# every line of standard input, a JSON object that says what to do, it prints one
# with what came of it.
import base64, http.client, json, os, ssl, struct, sys, tempfile
import gssapi
from gssapi.raw import ChannelBindings

NTLM = gssapi.OID.from_int_seq("1.3.6.1.4.1.311.2.2.10")
SPNEGO = gssapi.OID.from_int_seq("1.3.6.1.5.5.2")
SOAP = "application/soap+xml;charset=UTF-8"
SEALED = 'multipart/encrypted;protocol="application/HTTP-SPNEGO-session-encrypted";boundary="Encrypted Boundary"'
END = b"--Encrypted Boundary--\r\n"


def context(ask):
    flags = gssapi.RequirementFlag.confidentiality | gssapi.RequirementFlag.integrity
    if ask["mech"] == "ntlm":
        f = tempfile.NamedTemporaryFile("w", suffix=".ntlm", encoding="utf-8")
        f.write("%s:%s:%s\n" % (ask["domain"], ask["user"], ask["password"]))
        f.flush()
        os.environ["NTLM_USER_FILE"] = f.name
        name = gssapi.Name(ask["user"] + "@" + ask["domain"], gssapi.NameType.user)
        cred = gssapi.Credentials(name=name, usage="initiate", mechs=[NTLM])
        mech, keep = NTLM, f
    else:
        cred, mech, keep = None, SPNEGO, None
        flags |= gssapi.RequirementFlag.mutual_authentication
    bindings = None
    if "binding" in ask:
        bindings = ChannelBindings(application_data=base64.b64decode(ask["binding"]))
    target = gssapi.Name("HTTP@" + ask["host"], gssapi.NameType.hostbased_service)
    return keep, gssapi.SecurityContext(name=target, creds=cred, mech=mech, usage="initiate", flags=flags, channel_bindings=bindings)


def connect(ask):
    if ask.get("tls"):
        c = ssl.create_default_context()
        c.check_hostname, c.verify_mode = False, ssl.CERT_NONE
        return http.client.HTTPSConnection("127.0.0.1", ask["port"], context=c)
    return http.client.HTTPConnection("127.0.0.1", ask["port"])


def run(ask):
    keep, ctx = context(ask)
    line, token, status = connect(ask), None, 0
    for _ in range(3):
        mine = ctx.step(token)
        if mine is None:
            break
        line.request("POST", "/wsman", b"", {"Authorization": "Negotiate " + base64.b64encode(mine).decode(), "Content-Type": SOAP})
        r = line.getresponse()
        r.read()
        status, said = r.status, r.getheader("WWW-Authenticate") or ""
        if not said.startswith("Negotiate "):
            break
        token = base64.b64decode(said[len("Negotiate "):])
        if status == 200:
            ctx.step(token)
            break
    answer = {"status": status, "complete": ctx.complete}
    if status != 200:
        return answer
    soap = ask["message"].encode()
    if not ask.get("seal"):
        line.request("POST", "/wsman", soap, {"Content-Type": SOAP})
        r = line.getresponse()
        answer["answer"] = r.read().decode()
        return answer
    sealed = ctx.wrap(soap, True).message  # signature (16 bytes) and text
    body = (b"--Encrypted Boundary\r\n\tContent-Type: application/HTTP-SPNEGO-session-encrypted\r\n"
            b"\tOriginalContent: type=application/soap+xml;charset=UTF-8;Length=%d\r\n"
            b"--Encrypted Boundary\r\n\tContent-Type: application/octet-stream\r\n" % len(soap)) + struct.pack("<I", 16) + sealed + END
    line.request("POST", "/wsman", body, {"Content-Type": SEALED})
    r = line.getresponse()
    b = r.read()
    mark = b"application/octet-stream\r\n"
    at = b.index(mark) + len(mark)
    n = struct.unpack("<I", b[at:at + 4])[0]
    assert n == 16 and b.endswith(END), b
    answer["answer"] = ctx.unwrap(b[at + 4:-len(END)]).message.decode()
    answer["http"] = r.status
    return answer


for text in sys.stdin:
    try:
        answer = run(json.loads(text))
    except Exception as e:
        answer = {"error": type(e).__name__ + ": " + str(e)}
    print(json.dumps(answer), flush=True)
