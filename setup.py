"""Puts `openapi/`, which has one home at the top of the tree, into what is built as `conformance/_openapi`."""

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

CONTRACT = Path(__file__).parent / "openapi"
PACKAGED = Path("conformance", "_openapi")


class BuildWithContract(build_py):
    """An editable install reads the tree's own folder and gets no copy."""

    def run(self):
        super().run()
        if not self.editable_mode:
            shutil.copytree(CONTRACT, Path(self.build_lib, PACKAGED), dirs_exist_ok=True)

    def get_outputs(self, include_bytecode=True):
        copied = (PACKAGED / path.relative_to(CONTRACT) for path in sorted(CONTRACT.rglob("*")) if path.is_file())
        return [*super().get_outputs(include_bytecode), *(str(Path(self.build_lib, path)) for path in copied)]


setup(cmdclass={"build_py": BuildWithContract})
