"""Clusters for tests: a scheduler and workers by their own commands, with certificates for TLS made here."""

import contextlib
import datetime
import os
import subprocess
import sys
import time
from pathlib import Path

import fastreg

ROOT = Path(fastreg.__file__).parents[1]
LIMIT = 600  # seconds: against hangs alone


def certificate(folder):
    """Files of a certificate that vouches for itself, and its key: (certificate, key)."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "cluster")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    files = folder / "cluster.pem", folder / "key.pem"
    files[0].write_bytes(made.public_bytes(serialization.Encoding.PEM))
    form = serialization.PrivateFormat.PKCS8
    files[1].write_bytes(key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()))
    return files


class Processes:
    """A scheduler and workers, processes of their own, that end with the `with` block."""

    def __init__(self, folder, options=()):
        self.folder, self.options, self.running = folder, list(options), []
        self.address_file = folder / "scheduler.json"

    def __enter__(self):
        self.scheduler = self.start("scheduler", "--port", "0", "--no-dashboard", "--scheduler-file", self.address_file)
        begin = time.monotonic()
        while not self.address_file.exists():
            assert self.scheduler.poll() is None and time.monotonic() < begin + LIMIT, "the scheduler did not start"
            time.sleep(0.05)
        return self

    def __exit__(self, *_):
        for process in self.running:
            process.kill()
            process.wait()

    def worker(self, path=ROOT):
        """Start a worker, which imports fastreg from a folder; the process."""
        options = "--nthreads", "1", "--no-nanny", "--no-dashboard", "--memory-limit", "0"
        return self.start("worker", "--scheduler-file", self.address_file, *options, path=path)

    def start(self, kind, *options, path=ROOT):
        log = open(self.folder / f"{kind}{len(self.running)}.log", "w")  # noqa: SIM115  # it ends with the process
        paths = os.pathsep.join([str(path), *filter(None, [os.environ.get("PYTHONPATH")])])
        command = [sys.executable, "-m", "dask", kind, *map(str, options), *map(str, self.options)]
        process = subprocess.Popen(
            command, env=os.environ | {"PYTHONPATH": paths}, stdout=log, stderr=log, cwd=self.folder
        )
        self.running.append(process)
        return process

    @contextlib.contextmanager
    def client(self, workers, **options):
        """A Client, once so many workers are there."""
        from distributed import Client

        with Client(scheduler_file=str(self.address_file), timeout=LIMIT, **options) as client:
            client.wait_for_workers(workers, timeout=LIMIT)
            yield client
