// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/broker/broker.h"

namespace msgsrv {

const char *toString(DropReason reason)
{
    switch (reason) {
    case DropReason::SessionEnded:
        return "session_ended";
    case DropReason::ConnectionLost:
        return "connection_lost";
    case DropReason::SlowConsumer:
        return "slow_consumer";
    case DropReason::Expired:
        return "expired";
    case DropReason::Rejected:
        return "rejected";
    case DropReason::Purged:
        return "purged";
    case DropReason::Overflow:
        return "overflow";
    case DropReason::QueueDeleted:
        return "queue_deleted";
    case DropReason::Saved:
        return "saved";
    case DropReason::NotSaved:
        return "not_saved";
    }
    Q_UNREACHABLE();
}

void Broker::peek(const ListeningKey &, int, PeekDone done)
{
    done(std::nullopt);
}

void Broker::purge(const ListeningKey &, PurgeDone done)
{
    done(std::nullopt);
}

std::vector<KeptMessage> Broker::waiting(const ListeningKey &) const
{
    return {};
}

void Broker::restore(const ListeningKey &, std::vector<KeptMessage>, bool) { }

} // namespace msgsrv
