"""Certificates of a small authority of one's own, made by openssl when they are wanted."""
import base64, hashlib, os, subprocess, time

CONFIG = """[ca]
default_ca = d
[d]
database = {folder}/index.txt
rand_serial = yes
new_certs_dir = {folder}
default_md = sha256
policy = p
x509_extensions = e
unique_subject = no
[p]
commonName = supplied
[e]
subjectAltName = {names}
extendedKeyUsage = serverAuth
"""
KINDS = {"ec": ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"], "rsa": ["-newkey", "rsa:2048"], "ed25519": ["-newkey", "ed25519"]}


def openssl(*args):
    return subprocess.run(["openssl", *args], check=True, capture_output=True).stdout


class Authority:
    """Vouches for names; `root` is the file that clients trust."""

    def __init__(self, folder):
        self.folder, self.root, self.key = folder, os.path.join(folder, "root.pem"), os.path.join(folder, "root.key")
        os.makedirs(folder, exist_ok=True)
        openssl("req", "-x509", *KINDS["ec"], "-nodes", "-subj", "/CN=Vila root", "-days", "3650", "-keyout", self.key, "-out", self.root)

    def vouch(self, names="DNS:hotspot.vila.org", kind="ec", begins=-86_400, ends=90 * 86_400):
        """Chain and key as PEM; times are seconds from now."""
        config, ask, key, out = (os.path.join(self.folder, n) for n in ("config", "ask", "key", "leaf"))
        with open(config, "w") as f:
            f.write(CONFIG.format(folder=self.folder, names=names))
        open(os.path.join(self.folder, "index.txt"), "a").close()
        openssl("req", *KINDS[kind], "-nodes", "-subj", "/CN=Vila", "-keyout", key, "-out", ask)
        date = lambda seconds: time.strftime("%Y%m%d%H%M%SZ", time.gmtime(time.time() + seconds))  # noqa: E731
        openssl("ca", "-batch", "-notext", "-config", config, "-cert", self.root, "-keyfile", self.key, "-in", ask, "-out", out,
                "-startdate", date(begins), "-enddate", date(ends))
        with open(out) as leaf, open(self.root) as root, open(key) as private:
            return leaf.read() + root.read(), private.read()


def fingerprint(chain):
    """What Chromium's --ignore-certificate-errors-spki-list names a certificate by."""
    public = subprocess.run(["openssl", "x509", "-noout", "-pubkey"], input=chain.encode(), check=True, capture_output=True).stdout
    der = subprocess.run(["openssl", "pkey", "-pubin", "-outform", "DER"], input=public, check=True, capture_output=True).stdout
    return base64.b64encode(hashlib.sha256(der).digest()).decode()
