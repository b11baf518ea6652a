// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "shared/signaling/listeningkey.h"
#include "shared/signaling/message.h"
#include "shared/signaling/messagewatch.h"
#include "shared/signaling/userid.h"

#include <QObject>
#include <QString>

#include <tl/expected.hpp>

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
    ListeningKey key; ///< of a record that was loaded perhaps without its secret
    Generation generation = Generation::None;
    QByteArray address; ///< the listeningAddress that was handed out
    bool acked = false;
    qint64 createdAtMs = 0; ///< Unix time, milliseconds
};

/// A message that waits, as it outlives the process.
struct StoredMessage
{
    std::uint64_t position = 0; ///< larger: accepted later; names it, and is never 0
    /// Of the session in whose queue it waits; when isHeld, of the place where it waits for a session of
    /// message->to.
    ListeningKey queue;
    bool isHeld = false;
    bool redelivered = false; ///< it was written to the session's client, which did not acknowledge it
    bool hasContent = true; ///< false: body and headers were not kept, it can only be told that it is lost
    MessagePtr message;
    MessageOrigin origin{};
};

/// What is to be changed of the messages that are kept, in this order.
struct MessageChanges
{
    std::vector<StoredMessage> added;
    std::vector<std::uint64_t> written; ///< to be redelivered from now on; unknown positions are nothing
    std::vector<std::uint64_t> ended; ///< to be forgotten; unknown positions are nothing
};

enum class StoreStatus {
    Ok,
    Conflict, ///< the userId or the key is taken
    NotFound, ///< no such key, or another generation
    Unavailable, ///< the store is away or full; nothing was changed
};

/// What a store holds when it is opened.
struct StoredSessions
{
    std::vector<SessionRecord> records;
    Generation youngest = Generation::None; ///< the largest that there ever was, also of removed records
    /// By position. Also of sessions that are not among `records`; those that are held have a fresh key,
    /// whose secret is known. They stay in the store until they are said to have ended.
    std::vector<StoredMessage> messages{};
};

/// How a store does: values of the metrics messaging_store_*. Counts begin with the process.
struct StoreHealth
{
    bool up = true; ///< its last attempt to write succeeded
    std::uint64_t pending = 0; ///< operations that are not answered yet
    std::uint64_t operations = 0; ///< that were carried out, whatever their status
    std::uint64_t commits = 0; ///< that they took
    std::uint64_t errors = 0; ///< commits that failed
    std::uint64_t refused = 0; ///< operations that found too many before them
    double commitSeconds = 0; ///< spent in commits
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

    /// Makes the store ready and tells what is in it. Once, before anything else; blocks, for the start of a
    /// program. The error is one sentence that says what to do, with its full stop.
    [[nodiscard]] virtual tl::expected<StoredSessions, QString> open() { return StoredSessions{}; }

    /// Ok means kept as durably as this store can.
    virtual void insert(const SessionRecord &record, Done done) = 0;
    /// Replaces the record of the same key and generation.
    virtual void update(const SessionRecord &record, Done done) = 0;
    /// With it go the messages of its queue; of those whose sender wishes to be told of a failure, the
    /// content.
    virtual void remove(const ListeningKey &key, Generation generation, Done done) = 0;
    /// All records.
    virtual void load(LoadDone done) = 0;

    /// True when what is kept here outlives the process.
    [[nodiscard]] virtual bool isLasting() const { return false; }
    /// Keeps @p messages for the next open(), in this order, at positions from 1 on, and nothing else that
    /// was kept before. For the end of a program, so it is taken however many operations wait. A store that
    /// is not lasting answers Unavailable.
    virtual void saveMessages(std::vector<StoredMessage> messages, Done done);
    /// Changes what is kept. Taken however many operations wait: who calls it calls it again when it is
    /// answered, and not before. A store that is not lasting answers Unavailable.
    virtual void changeMessages(MessageChanges changes, Done done);

    /// Any thread.
    [[nodiscard]] virtual StoreHealth health() const { return {}; }
};

} // namespace msgsrv
