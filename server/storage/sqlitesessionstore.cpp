// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/storage/sqlitesessionstore.h"

#include "server/storage/sqlitedatabase.h"
#include "shared/base/log.h"

#include <QLoggingCategory>

#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include <utility>

namespace msgsrv {

namespace {

Q_LOGGING_CATEGORY(lcStore, "msgsrv.store", QtInfoMsg)

} // namespace

SqliteSessionStore::SqliteSessionStore(Settings settings, QObject *parent)
    : SessionStore(parent)
    , m_settings(std::move(settings))
{ }

SqliteSessionStore::~SqliteSessionStore()
{
    if (m_thread.joinable()) {
        {
            const std::scoped_lock lock(m_mutex);
            m_stopping = true;
        }
        m_arrived.notify_one();
        m_thread.join();
    }
    m_notifier.reset();
    if (m_eventDescriptor >= 0)
        ::close(m_eventDescriptor);
}

tl::expected<StoredSessions, QString> SqliteSessionStore::open()
{
    Q_ASSERT(!m_thread.joinable());
    auto file = LockedFile::open(m_settings.path);
    if (!file)
        return tl::unexpected(QStringLiteral("The session store %1.").arg(file.error()));
    m_file = *std::move(file);
    m_eventDescriptor = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (m_eventDescriptor < 0)
        return tl::unexpected(QStringLiteral("The session store gets no file descriptor."));
    m_notifier = std::make_unique<QSocketNotifier>(m_eventDescriptor, QSocketNotifier::Read);
    connect(m_notifier.get(), &QSocketNotifier::activated, this, [this] { answer(); });

    std::promise<Opened> promise;
    std::future<Opened> opened = promise.get_future();
    m_thread = std::thread([this](std::promise<Opened> told) { run(std::move(told)); }, std::move(promise));
    ::pthread_setname_np(m_thread.native_handle(), "store");
    return opened.get();
}

void SqliteSessionStore::insert(const SessionRecord &record, Done done)
{
    enqueue({.kind = Operation::Kind::Insert, .record = record, .done = std::move(done)});
}

void SqliteSessionStore::update(const SessionRecord &record, Done done)
{
    enqueue({.kind = Operation::Kind::Update, .record = record, .done = std::move(done)});
}

void SqliteSessionStore::remove(const ListeningKey &key, Generation generation, Done done)
{
    SessionRecord record;
    record.key = key;
    record.generation = generation;
    enqueue({.kind = Operation::Kind::Remove, .record = std::move(record), .done = std::move(done)});
}

void SqliteSessionStore::load(LoadDone done)
{
    enqueue({.kind = Operation::Kind::Load, .loaded = std::move(done)});
}

void SqliteSessionStore::saveMessages(std::vector<StoredMessage> messages, Done done)
{
    enqueue({.kind = Operation::Kind::SaveMessages,
             .done = std::move(done),
             .messages = {.added = std::move(messages), .written = {}, .ended = {}}});
}

void SqliteSessionStore::changeMessages(MessageChanges changes, Done done)
{
    enqueue(
        {.kind = Operation::Kind::ChangeMessages, .done = std::move(done), .messages = std::move(changes)});
}

void SqliteSessionStore::enqueue(Operation operation)
{
    const std::scoped_lock lock(m_mutex);
    const bool isLimited = m_settings.queue > 0 && operation.kind != Operation::Kind::SaveMessages
        && operation.kind != Operation::Kind::ChangeMessages;
    if (isLimited && m_waiting.size() + m_underWay >= m_settings.queue) {
        ++m_health.refused;
        m_answered.push_back(std::move(operation));
        wakeUp();
        return;
    }
    m_waiting.push_back(std::move(operation));
    if (m_waiting.size() == 1)
        m_arrived.notify_one();
}

StoreHealth SqliteSessionStore::health() const
{
    const std::scoped_lock lock(m_mutex);
    StoreHealth health = m_health;
    health.pending = m_waiting.size() + m_underWay;
    return health;
}

void SqliteSessionStore::wakeUp()
{
    const std::uint64_t one = 1;
    // It cannot fail: the counter is far from its end.
    [[maybe_unused]] const ssize_t written = ::write(m_eventDescriptor, &one, sizeof one);
}

void SqliteSessionStore::answer()
{
    std::uint64_t count = 0;
    [[maybe_unused]] const ssize_t got = ::read(m_eventDescriptor, &count, sizeof count);
    Operations answered;
    {
        const std::scoped_lock lock(m_mutex);
        answered.swap(m_answered);
    }
    for (Operation &operation : answered) {
        if (operation.kind == Operation::Kind::Load)
            operation.loaded(operation.status, std::move(operation.records));
        else
            operation.done(operation.status);
    }
}

void SqliteSessionStore::run(std::promise<Opened> opened)
{
    SqliteDatabase database;
    if (const auto ready = database.open(m_settings.path, sqliteScripts()); !ready) {
        opened.set_value(tl::unexpected(ready.error()));
        return;
    }
    StoredSessions stored;
    if (database.load(stored.records) != StoreStatus::Ok
        || database.loadYoungest(stored.youngest) != StoreStatus::Ok
        || loadMessages(database, stored.messages) != StoreStatus::Ok) {
        opened.set_value(tl::unexpected(QStringLiteral("The session store %1 cannot be used: %2.")
                                            .arg(m_settings.path, database.lastError())));
        return;
    }
    opened.set_value(std::move(stored));
    serve(database);
}

StoreStatus SqliteSessionStore::loadMessages(SqliteDatabase &database, std::vector<StoredMessage> &messages)
{
    if (database.begin() == StoreStatus::Ok && database.loadMessages(messages) == StoreStatus::Ok
        && database.commit() == StoreStatus::Ok)
        return StoreStatus::Ok;
    database.rollBack();
    return StoreStatus::Unavailable;
}

void SqliteSessionStore::serve(SqliteDatabase &database)
{
    const auto hasWork = [this] { return !m_waiting.empty() || m_stopping; };
    std::unique_lock lock(m_mutex);
    for (;;) {
        if (m_health.up)
            m_arrived.wait(lock, hasWork);
        else
            m_arrived.wait_for(lock, m_settings.probeInterval, hasWork);
        if (m_stopping && m_waiting.empty())
            return;
        Operations operations = std::exchange(m_waiting, {});
        m_underWay = operations.size();
        lock.unlock();

        const TimePoint begin = Clock::now();
        const bool succeeded = operations.empty() ? probe(database) : carryOut(database, operations);
        note(succeeded, Clock::now() - begin, database);

        lock.lock();
        m_health.operations += operations.size();
        m_underWay = 0;
        if (operations.empty())
            continue;
        std::move(operations.begin(), operations.end(), std::back_inserter(m_answered));
        wakeUp();
    }
}

bool SqliteSessionStore::carryOut(SqliteDatabase &database, Operations &operations)
{
    bool succeeded = database.begin() == StoreStatus::Ok;
    for (auto it = operations.begin(); succeeded && it != operations.end(); ++it) {
        it->status = carryOut(database, *it);
        succeeded = it->status != StoreStatus::Unavailable;
    }
    if (succeeded && database.commit() == StoreStatus::Ok)
        return true;
    database.rollBack();
    for (Operation &operation : operations) {
        operation.status = StoreStatus::Unavailable;
        operation.records.clear();
    }
    return false;
}

StoreStatus SqliteSessionStore::carryOut(SqliteDatabase &database, Operation &operation)
{
    switch (operation.kind) {
    case Operation::Kind::Insert:
        return database.insert(operation.record);
    case Operation::Kind::Update:
        return database.update(operation.record);
    case Operation::Kind::Remove:
        return database.remove(operation.record.key, operation.record.generation);
    case Operation::Kind::Load:
        return database.load(operation.records);
    case Operation::Kind::SaveMessages:
        return database.saveMessages(std::move(operation.messages.added));
    case Operation::Kind::ChangeMessages:
        return database.changeMessages(operation.messages);
    }
    Q_UNREACHABLE();
}

bool SqliteSessionStore::probe(SqliteDatabase &database)
{
    if (database.begin() == StoreStatus::Ok && database.probe() == StoreStatus::Ok
        && database.commit() == StoreStatus::Ok)
        return true;
    database.rollBack();
    return false;
}

void SqliteSessionStore::note(bool succeeded, Duration took, const SqliteDatabase &database)
{
    {
        const std::scoped_lock lock(m_mutex);
        m_health.up = succeeded;
        if (succeeded) {
            ++m_health.commits;
            m_health.commitSeconds += std::chrono::duration<double>(took).count();
        } else {
            ++m_health.errors;
        }
    }
    const TimePoint now = Clock::now();
    if (!succeeded && (!m_complainedAt || now - *m_complainedAt >= m_settings.complaintInterval)) {
        m_complainedAt = now;
        m_complained = true;
        log::error(lcStore(), "store.down", {{"message", database.lastError().toUtf8()}});
    } else if (succeeded && m_complained) {
        m_complained = false;
        log::info(lcStore(), "store.up");
    }
}

} // namespace msgsrv
