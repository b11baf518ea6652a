// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstddef>

namespace msgsrv {

/// Fills @p size bytes from the kernel's random generator, good enough for keys. Any thread. A system
/// without one ends the process, because a guessable key must never be handed out.
void fillRandom(void *bytes, std::size_t size);

} // namespace msgsrv
