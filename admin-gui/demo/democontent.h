// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QString>

namespace msgsrv::console::demo {

/// What goes wrong in a staged call.
enum class Fault { None, NoAnswer, Glare, OnlyMdns, NoCodec, Hasty, Cancelled };

/// Contents as browsers would send them, JSON as text. @p user only makes them differ.
[[nodiscard]] QString description(int user, bool offer, Fault fault);
[[nodiscard]] QString candidate(int user, int number, Fault fault);

} // namespace msgsrv::console::demo
