// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "admin-gui/models/flowmessage.h"

#include <functional>

namespace msgsrv::console {

/// The filter language over messages that have come: what docs/management-protocol.md calls the flow's
/// columns. A text that is no filter lets everything through.
[[nodiscard]] std::function<bool(const FlowMessage &)> flowFilter(const QString &text);
/// Messages from or to one user.
[[nodiscard]] std::function<bool(const FlowMessage &)> messagesOf(const QString &user);

} // namespace msgsrv::console
