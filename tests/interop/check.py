"""Starts a local cloud with a key of one kind, signs a person in, and holds its tokens against other libraries."""

import base64
import json
import re
import subprocess
import sys
import time
import urllib.error
import urllib.request

import joserfc.jwk
import joserfc.jwt
import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

ALGORITHM, BINARY, NODE_CHECK = sys.argv[1:]
SECRET = "a secret that is known to both sides of HS256"
EMAIL = "jane@example.com"


def make_key():
    if ALGORITHM == "HS256":
        return None, {"kid": "one", "state": "current", "secret": SECRET}
    key = {
        "RS256": lambda: rsa.generate_private_key(65537, 2048),
        "ES256": lambda: ec.generate_private_key(ec.SECP256R1()),
        "EdDSA": ed25519.Ed25519PrivateKey.generate,
    }[ALGORITHM]()
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    return pem, {"kid": "one", "state": "current", "pem": pem}


def call(method, url, body=None):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data=data, method=method, headers={"content-type": "application/json"})
    with urllib.request.urlopen(request) as response:
        return json.load(response)


def sign_in(base):
    call("POST", f"{base}/api/auth/otp/request/", {"identifier": EMAIL})
    text = call("GET", f"{base}/_local/outbox?to={EMAIL}")[0]["text"]
    code = re.search(r"\b\d{6}\b", text)[0]
    answer = call("POST", f"{base}/api/auth/otp/verify/", {"identifier": EMAIL, "otp_code": code})
    return answer["tokens"]["access"]


def ours_by_theirs(base, token, keys):
    """PyJWT and joserfc accept our token by what is published (HS256: by the secret)."""
    if ALGORITHM == "HS256":
        assert keys == [], "a shared secret is never published"
        pyjwt_key, jose_key = SECRET, joserfc.jwk.OctKey.import_key(SECRET)
    else:
        pyjwt_key = jwt.PyJWKClient(f"{base}/.well-known/jwks.json").get_signing_key_from_jwt(token).key
        jose_key = joserfc.jwk.KeySet.import_key_set({"keys": keys})
    claims = jwt.decode(
        token, pyjwt_key, algorithms=[ALGORITHM], issuer=base, audience=base, leeway=1,
        options={"require": ["iss", "aud", "sub", "exp", "iat", "jti"]},
    )
    assert jwt.get_unverified_header(token) == {"typ": "at+jwt", "alg": ALGORITHM, "kid": "one"}
    names = ["Ed25519", "EdDSA"] if ALGORITHM == "EdDSA" else [ALGORITHM]
    assert joserfc.jwt.decode(token, jose_key, algorithms=names).claims == claims
    for missing in ("sid", "auth_time", "amr", "roles", "client_id"):
        assert missing in claims, missing
    return claims


def theirs_by_ours(base, claims, pem, keys):
    """What PyJWT signs with our key is accepted if it follows the profile, and else refused."""
    key = pem or SECRET
    header = {"typ": "at+jwt", "kid": "one"}

    def active(token):
        return call("POST", f"{base}/api/auth/token/verify/", {"token": token})["active"]

    def signed(changes=None, headers=None, key=key, algorithm=ALGORITHM, without=()):
        body = {k: v for k, v in {**claims, **(changes or {})}.items() if k not in without}
        merged = {k: v for k, v in {**header, **(headers or {})}.items() if v is not None}
        return jwt.encode(body, key, algorithm=algorithm, headers=merged)

    now = int(time.time())
    accepted = {
        "as it is": signed(),
        "audience in a list": signed({"aud": ["https://other.example", base]}),
        "with nbf": signed({"nbf": now - 5}),
        "ended within the leeway": signed({"iat": now - 900, "exp": now - 30}),
    }
    refused = {
        "typ JWT": signed(headers={"typ": "JWT"}),
        "no kid": signed(headers={"kid": None}),
        "unknown kid": signed(headers={"kid": "two"}),
        "jku": signed(headers={"jku": "https://evil.example/keys"}),
        "crit": signed(headers={"crit": ["x"], "x": 1}),
        "none": jwt.encode(claims, None, algorithm="none", headers=header),
        "another issuer": signed({"iss": base + "/"}),
        "another audience": signed({"aud": base + ".evil.example"}),
        "expired": signed({"iat": now - 1000, "exp": now - 100}),
        "too long a life": signed({"exp": now + 3600}),
        "from the future": signed({"iat": now + 600, "exp": now + 900}),
        "exp as a text": joserfc_signed(header, {**claims, "exp": str(claims["exp"])}, pem),
        "an ended session": signed({"sid": "ses_" + "0" * 32}),
        "nobody": signed({"sub": "usr_" + "0" * 32}),
        "no session": signed(without=["sid"]),
    }
    if pem:
        public = serialization.load_pem_private_key(pem.encode(), None).public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        refused["HS256 by the public key"] = hs256_by(public, header, claims)
        refused["HS256 by the JWK"] = hs256_by(json.dumps(keys[0]).encode(), header, claims)
    for name, token in accepted.items():
        assert active(token), f"{ALGORITHM}: {name} should be accepted"
    for name, token in refused.items():
        assert not active(token), f"{ALGORITHM}: {name} should be refused"
    return len(accepted), len(refused)


def joserfc_signed(header, claims, pem):
    if not pem:
        key = joserfc.jwk.OctKey.import_key(SECRET)
    else:
        kind = {"RS256": "RSA", "ES256": "EC", "EdDSA": "OKP"}[ALGORITHM]
        key = joserfc.jwk.import_key(pem, kind)
    return joserfc.jwt.encode({**header, "alg": ALGORITHM}, claims, key, algorithms=[ALGORITHM])


def hs256_by(key, header, claims):
    """By hand: the libraries refuse to be misused so."""
    import hashlib
    import hmac

    def b64(data):
        return base64.urlsafe_b64encode(data).rstrip(b"=")

    message = b".".join(b64(json.dumps(part).encode()) for part in ({**header, "alg": "HS256"}, claims))
    return b".".join([message, b64(hmac.new(key, message, hashlib.sha256).digest())]).decode()


def main():
    pem, entry = make_key()
    command = [BINARY, "--memory", "--port", "0", "--set", f"SIGNING_KEYS={json.dumps([entry])}"]
    cloud = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        line = next((line for line in cloud.stdout if line.startswith("open ")), None)
        assert line, "the local cloud does not start"
        base = line.split()[-1]
        token = sign_in(base)
        keys = call("GET", f"{base}/.well-known/jwks.json")["keys"]
        claims = ours_by_theirs(base, token, keys)
        accepted, refused = theirs_by_ours(base, claims, pem, keys)
        node = {"base": base, "algorithm": ALGORITHM, "token": token, "claims": claims, "pem": pem, "secret": SECRET}
        subprocess.run(["node", NODE_CHECK], input=json.dumps(node), text=True, check=True)
        print(f"{ALGORITHM}: ours by PyJWT, joserfc and jose; theirs by ours: {accepted} accepted, {refused} refused")
    finally:
        cloud.terminate()
        cloud.wait()


main()
