// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "shared/signaling/listeningkey.h"
#include "shared/signaling/userid.h"

#include <QObject>

#include <cstdint>
#include <functional>
#include <vector>

namespace msgsrv {

/// Counts the sessions of this installation; a larger one is younger. A session keeps its generation.
/// (unsigned long long is Qt's quint64, as a metatype needs it.)
enum class Generation : unsigned long long { None = 0 };

/// What is kept of a session beyond the life of the process.
struct SessionRecord
{
    UserId userId;
    ListeningKey key;
    Generation generation = Generation::None;
    QByteArray address; ///< the listeningAddress that was handed out
    bool acked = false;
    qint64 createdAtMs = 0; ///< Unix time, milliseconds
};

enum class StoreStatus {
    Ok,
    Conflict, ///< the userId or the key is taken
    NotFound, ///< no such key, or another generation
    Unavailable, ///< the store is away or full; nothing was changed
};

/// Where sessions are kept. Asynchronous: every function returns at once and calls its `done` exactly once,
/// in the thread that the store lives in, not before the function has returned.
class SessionStore : public QObject
{
    Q_OBJECT

public:
    using Done = std::function<void(StoreStatus)>;
    using LoadDone = std::function<void(StoreStatus, std::vector<SessionRecord>)>;

    using QObject::QObject;

    /// Ok means kept as durably as this store can.
    virtual void insert(const SessionRecord &record, Done done) = 0;
    /// Replaces the record of the same key and generation.
    virtual void update(const SessionRecord &record, Done done) = 0;
    virtual void remove(const ListeningKey &key, Generation generation, Done done) = 0;
    /// All records, for the start.
    virtual void load(LoadDone done) = 0;
};

} // namespace msgsrv
