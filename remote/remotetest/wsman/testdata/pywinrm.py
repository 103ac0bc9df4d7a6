# Drives endpoints with Debian's python3-winrm: for every line of standard input,
# a JSON object that says what to do, it prints one with what came of it.
import base64, json, sys, uuid, warnings
warnings.filterwarnings("ignore")
import winrm, xmltodict
from winrm.protocol import Protocol


def send(p, shell, command, data, end):
    """Send, which this release of the library lacks."""
    m = {"env:Envelope": p._get_soap_header(
        resource_uri="http://schemas.microsoft.com/wbem/wsman/1/windows/shell/cmd",
        action="http://schemas.microsoft.com/wbem/wsman/1/windows/shell/Send",
        shell_id=shell, message_id=uuid.uuid4())}
    m["env:Envelope"]["env:Body"] = {"rsp:Send": {"rsp:Stream": {
        "@Name": "stdin", "@CommandId": command, "@End": "true" if end else "false",
        "#text": base64.b64encode(data).decode()}}}
    p.send_message(xmltodict.unparse(m))


def run(ask):
    more = {k: ask[k] for k in ("message_encryption", "send_cbt", "service", "kerberos_hostname_override") if k in ask}
    p = Protocol(endpoint=ask["url"], transport=ask["transport"], username=ask["user"], password=ask["password"],
                 server_cert_validation="ignore", read_timeout_sec=30, operation_timeout_sec=ask.get("timeout", 20), **more)
    if "script" in ask:
        s = winrm.Session(ask["url"], auth=(ask["user"], ask["password"]))
        s.protocol = p
        r = s.run_ps(ask["script"])
        return r.std_out, r.std_err, r.status_code
    shell = p.open_shell(codepage=65001)
    command = p.run_command(shell, ask["command"], ask.get("arguments", []), console_mode_stdin="stdin" not in ask)
    if "stdin" in ask:
        data = ask["stdin"].encode()
        half = len(data) // 2
        send(p, shell, command, data[:half], False)
        send(p, shell, command, data[half:], True)
    out, err, code = p.get_command_output(shell, command)
    p.cleanup_command(shell, command)
    p.close_shell(shell)
    return out, err, code


for line in sys.stdin:
    try:
        out, err, code = run(json.loads(line))
        answer = {"out": out.decode(), "err": err.decode(), "code": code}
    except Exception as e:
        answer = {"error": type(e).__name__ + ": " + str(e)}
    print(json.dumps(answer), flush=True)
