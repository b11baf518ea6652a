// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "server/storage/lockedfile.h"
#include "server/storage/sessionstore.h"
#include "shared/base/clock.h"

#include <QSocketNotifier>

#include <condition_variable>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

namespace msgsrv {

class SqliteDatabase;

/// Sessions in a SQLite file. Ok means committed and synced.
///
/// A thread of its own has the database. It takes all operations that wait as one transaction (group commit):
/// while one is being synced the next one gathers, so many callers cost one sync. The answers go out after
/// the commit. When a transaction fails, all of it is answered Unavailable, and nothing of it is in the
/// file; while the store is down it tries once in a while by itself whether it can write again.
///
/// Functions may be called from any thread; they are carried out in the order in which each thread called
/// them, and answered in the store's thread. Two processes cannot have the same file.
class SqliteSessionStore final : public SessionStore
{
    Q_OBJECT

public:
    struct Settings
    {
        QString path{}; ///< absolute; its folder exists
        std::size_t queue = 10'000; ///< operations that may wait, more are Unavailable; 0: unlimited
        milliseconds probeInterval{1000}; ///< between attempts to write while down
        milliseconds complaintInterval{60'000}; ///< between log lines that tell that it is down
    };

    explicit SqliteSessionStore(Settings settings, QObject *parent = nullptr);
    /// Carries out what waits, without an answer, writes the log of the database back and closes it. Blocks.
    ~SqliteSessionStore() override;

    [[nodiscard]] tl::expected<StoredSessions, QString> open() override;
    void insert(const SessionRecord &record, Done done) override;
    void update(const SessionRecord &record, Done done) override;
    void remove(const ListeningKey &key, Generation generation, Done done) override;
    void load(LoadDone done) override;
    [[nodiscard]] bool isLasting() const override { return true; }
    void saveMessages(std::vector<StoredMessage> messages, Done done) override;
    void changeMessages(MessageChanges changes, Done done) override;
    [[nodiscard]] StoreHealth health() const override;

private:
    struct Operation
    {
        enum class Kind { Insert, Update, Remove, Load, SaveMessages, ChangeMessages };
        Kind kind = Kind::Load;
        SessionRecord record{}; ///< Remove: key and generation only
        Done done{};
        LoadDone loaded{};
        StoreStatus status = StoreStatus::Unavailable;
        std::vector<SessionRecord> records{}; ///< of Load
        MessageChanges messages{}; ///< of SaveMessages (only `added`) and ChangeMessages
    };
    using Operations = std::vector<Operation>;
    using Opened = tl::expected<StoredSessions, QString>;

    void enqueue(Operation operation);
    void answer();
    void wakeUp();

    // The database's thread
    void run(std::promise<Opened> opened);
    void serve(SqliteDatabase &database);
    [[nodiscard]] bool carryOut(SqliteDatabase &database, Operations &operations);
    [[nodiscard]] static StoreStatus loadMessages(SqliteDatabase &database,
                                                  std::vector<StoredMessage> &messages);
    [[nodiscard]] bool probe(SqliteDatabase &database);
    [[nodiscard]] static StoreStatus carryOut(SqliteDatabase &database, Operation &operation);
    void note(bool succeeded, Duration took, const SqliteDatabase &database);

    const Settings m_settings;
    LockedFile m_file;
    int m_eventDescriptor = -1; ///< eventfd: something was answered
    std::unique_ptr<QSocketNotifier> m_notifier;
    std::thread m_thread;

    // The database's thread
    std::optional<TimePoint> m_complainedAt;
    bool m_complained = false; ///< the log says that it is down

    mutable std::mutex m_mutex; // guards the rest
    std::condition_variable m_arrived;
    Operations m_waiting;
    std::size_t m_underWay = 0; ///< taken by the thread
    Operations m_answered;
    bool m_stopping = false;
    StoreHealth m_health;
};

} // namespace msgsrv
