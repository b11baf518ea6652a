# SPDX-License-Identifier: GPL-3.0-or-later
"""What the attacks share: the daemon as a process, raw connections, HAProxy in front. Python's standard library only."""
