// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/storage/sessionstore.h"

#include <QMetaObject>

#include <utility>

namespace msgsrv {

void SessionStore::saveMessages(std::vector<StoredMessage>, Done done)
{
    QMetaObject::invokeMethod(
        this, [done = std::move(done)] { done(StoreStatus::Unavailable); }, Qt::QueuedConnection);
}

void SessionStore::changeMessages(MessageChanges, Done done)
{
    QMetaObject::invokeMethod(
        this, [done = std::move(done)] { done(StoreStatus::Unavailable); }, Qt::QueuedConnection);
}

} // namespace msgsrv
