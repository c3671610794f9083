from __future__ import annotations

import platform

from aurora_gradcam import memory


def test_freed_memory_is_kept_where_there_is_glibc():
    assert memory.keep() is (platform.libc_ver()[0] == "glibc")
