// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "admin-gui/models/flowmessage.h"

#include <QString>

#include <vector>

namespace msgsrv::console {

/// One step of a negotiation, for a check-list.
struct NegotiationStep
{
    enum class State { Open, Done, Failed };
    QString title;
    State state = State::Open;
    QString detail; ///< when and how; may be empty
};

/// Offer, answer, candidates both ways, end; of the last negotiation between the two whose @p messages these
/// are.
[[nodiscard]] std::vector<NegotiationStep> checkList(const std::vector<const FlowMessage *> &messages);

} // namespace msgsrv::console
