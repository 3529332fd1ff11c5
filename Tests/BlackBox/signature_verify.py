"""What dkimpy and OpenDKIM's library say of the signatures of a mail, as JSON: a list of each, and what
dkimpy says of its ARC chain. Run by the Python of scripts/python-env with the mail as its input;
`sys.argv` names the port of a name server on loopback, and OpenDKIM's library."""

import ctypes
import json
import sys

import dkim
import dns.resolver

resolver = dns.resolver.Resolver(configure=False)
resolver.nameservers = ["127.0.0.1"]
resolver.port = int(sys.argv[1])


def text(name):
    """The TXT record of a name, aliases followed; None where there is none."""
    try:
        answer = resolver.resolve(name.rstrip(".") + ".", "TXT")
    except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
        return None
    return b"".join(answer[0].strings)


def by_dkimpy(mail):
    found = []
    verifier = dkim.DKIM(mail, minkey=1024)
    count = sum(name.lower() == b"dkim-signature" for name, _ in verifier.headers)
    for index in range(count):
        verifier = dkim.DKIM(mail, minkey=1024)
        try:
            result = "pass" if verifier.verify(
                idx=index, dnsfunc=lambda name, timeout=5: text(name.decode())) else "fail"
        except dkim.DKIMException as error:
            result = f"{type(error).__name__}: {error}"
        found.append({
            "result": result, "domain": verifier.domain.decode(),
            "selector": verifier.selector.decode(),
            "algorithm": verifier.signature_fields[b"a"].decode(),
            "fields": [name.strip().decode().lower()
                       for name in verifier.signature_fields[b"h"].split(b":")]})
    return found


def chain_by_dkimpy(mail):
    """The result of the ARC chain, the domain of each seal, and how many sets there are."""
    result, seals, reason = dkim.arc_verify(
        mail, minkey=1024, dnsfunc=lambda name, timeout=5: text(name.decode()))
    return {"result": result.decode() if result else "none",
            "sealers": [seal["as-domain"].decode() for seal in seals], "reason": str(reason)}


# opendkim/dkim.h
OK, CONTINUE, NOT_FOUND = 0, 0, 3
PASSED = 0x04
LOOKUP = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p, ctypes.POINTER(ctypes.c_char), ctypes.c_size_t)


def by_opendkim(mail, library):
    opendkim = ctypes.CDLL(library)
    for name, answer, arguments in (
            ("dkim_init", ctypes.c_void_p, [ctypes.c_void_p] * 2),
            ("dkim_verify", ctypes.c_void_p, [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p,
                                              ctypes.POINTER(ctypes.c_int)]),
            ("dkim_chunk", ctypes.c_int, [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t]),
            ("dkim_eom", ctypes.c_int, [ctypes.c_void_p, ctypes.POINTER(ctypes.c_bool)]),
            ("dkim_getsiglist", ctypes.c_int,
             [ctypes.c_void_p, ctypes.POINTER(ctypes.POINTER(ctypes.c_void_p)),
              ctypes.POINTER(ctypes.c_int)]),
            ("dkim_sig_process", ctypes.c_int, [ctypes.c_void_p] * 2),
            ("dkim_sig_getflags", ctypes.c_uint, [ctypes.c_void_p]),
            ("dkim_sig_getbh", ctypes.c_int, [ctypes.c_void_p]),
            ("dkim_sig_geterror", ctypes.c_int, [ctypes.c_void_p]),
            ("dkim_sig_geterrorstr", ctypes.c_char_p, [ctypes.c_int]),
            ("dkim_sig_getselector", ctypes.c_char_p, [ctypes.c_void_p]),
            ("dkim_sig_getdomain", ctypes.c_char_p, [ctypes.c_void_p]),
            ("dkim_set_key_lookup", ctypes.c_int, [ctypes.c_void_p, LOOKUP])):
        function = getattr(opendkim, name)
        function.restype, function.argtypes = answer, arguments

    @LOOKUP
    def look_up(_, signature, room, size):
        selector = opendkim.dkim_sig_getselector(signature).decode()
        domain = opendkim.dkim_sig_getdomain(signature).decode()
        record = text(f"{selector}._domainkey.{domain}")
        if record is None or len(record) >= size:
            return NOT_FOUND
        ctypes.memmove(room, record + b"\0", len(record) + 1)
        return CONTINUE

    handle = opendkim.dkim_init(None, None)
    opendkim.dkim_set_key_lookup(handle, look_up)
    status = ctypes.c_int()
    verifier = opendkim.dkim_verify(handle, b"test", None, ctypes.byref(status))
    for step in (lambda: opendkim.dkim_chunk(verifier, mail, len(mail)),
                 lambda: opendkim.dkim_chunk(verifier, None, 0)):
        if step() != OK:
            return ["the mail could not be read"]
    opendkim.dkim_eom(verifier, None)
    signatures = ctypes.POINTER(ctypes.c_void_p)()
    count = ctypes.c_int()
    opendkim.dkim_getsiglist(verifier, ctypes.byref(signatures), ctypes.byref(count))
    found = []
    for index in range(count.value):
        signature = signatures[index]
        opendkim.dkim_sig_process(verifier, signature)
        # DKIM_SIGBH_MATCH is 0.
        passed = (opendkim.dkim_sig_getflags(signature) & PASSED
                  and opendkim.dkim_sig_getbh(signature) == 0)
        error = opendkim.dkim_sig_geterror(signature)
        found.append({
            "result": "pass" if passed and error == 0
            else (opendkim.dkim_sig_geterrorstr(error) or b"?").decode(),
            "domain": opendkim.dkim_sig_getdomain(signature).decode(),
            "selector": opendkim.dkim_sig_getselector(signature).decode()})
    return found


MAIL = sys.stdin.buffer.read()
print(json.dumps({
    "dkimpy": by_dkimpy(MAIL), "arc": chain_by_dkimpy(MAIL),
    "opendkim": by_opendkim(MAIL, sys.argv[2])}))
