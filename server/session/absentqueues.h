// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "server/broker/broker.h"
#include "server/session/directory.h"
#include "shared/base/clock.h"
#include "shared/signaling/listeningkey.h"
#include "shared/signaling/userid.h"

#include <QHash>

#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <variant>
#include <vector>

namespace msgsrv {

/// Queues for users who are not there yet, where messages with a time to live wait for them.
///
/// Such a queue is a reservation of the broker under a key that nobody has been told. When the user comes,
/// the key becomes that of the new session, and the queue with all that waits is the session's: nothing is
/// moved, so nothing can be lost, overtaken or counted twice. When the last message has expired, the queue
/// goes.
///
/// Any thread. Lock order: the mutex here before those of the directory and the broker.
class AbsentQueues
{
public:
    struct Settings
    {
        Duration maxHold = seconds(30); ///< exchange.max_hold; zero: nothing waits for who is not there
        int users = 10'000; ///< limits.held_users: who are waited for; 0: unlimited
        int perSender = 64; ///< limits.held_per_sender: messages of one sender in such queues; 0: unlimited
    };

    /// @p directory and @p broker outlive this object.
    AbsentQueues(const Settings &settings, const SessionDirectory &directory, Broker &broker)
        : m_settings(settings)
        , m_directory(directory)
        , m_broker(broker)
    { }

    enum class Refusal {
        Off, ///< nobody is waited for
        TooManyUsers,
        TooManyOfSender,
    };
    struct Place
    {
        ListeningKey queue;
        TimePoint expiresAt; ///< no later than maxHold allows; for a user who is there, as wanted
        bool isHeld = true; ///< false: the user has come meanwhile
    };
    /// Where a message of @p sender for @p user, who seemed to have no session, is to be published.
    [[nodiscard]] std::variant<Place, Refusal> placeFor(const UserId &user, const UserId &sender,
                                                        TimePoint expiresAt, TimePoint now);
    /// The message that the latest placeFor() was about was not accepted.
    void withdraw(const UserId &user, const UserId &sender);

    /// Somebody who is waited for, and where. A key that was restored has its secret.
    struct Held
    {
        UserId user;
        ListeningKey queue;
        std::uint64_t number = 0; ///< names it in this run of the program; from 1
    };
    [[nodiscard]] std::vector<Held> held() const;
    /// What an earlier run of the program held under @p key: a message of @p sender for @p user, who has no
    /// session. No limit is looked at. Before anybody else calls; the caller puts the message into the queue.
    void restore(const UserId &user, const ListeningKey &key, const UserId &sender, TimePoint expiresAt);

    /// A session of @p user is being opened. The key that it is to have, which is the user's alone until
    /// arrived() or failed().
    [[nodiscard]] ListeningKey promise(const UserId &user);
    /// The session is in the directory.
    void arrived(const UserId &user, const ListeningKey &key);
    /// The session was not opened after all. What waits goes on waiting.
    void failed(const UserId &user, const ListeningKey &key);

    /// Forgets those whose last message has expired. About once a second.
    void sweep(TimePoint now);

    [[nodiscard]] int users() const { return m_users.load(); } ///< for whom messages wait
    [[nodiscard]] std::uint64_t refusedUsers() const { return m_refusedUsers.load(); }
    [[nodiscard]] std::uint64_t refusedOfSender() const { return m_refusedOfSender.load(); }

private:
    struct Entry
    {
        ListeningKey key;
        bool isPromised = false;
        TimePoint until = TimePoint::min(); ///< when the last message expires
        QHash<UserId, int> senders{}; ///< messages
        std::uint64_t number = 0;
    };

    QHash<UserId, Entry>::iterator add(const UserId &user, const ListeningKey &key);
    void erase(QHash<UserId, Entry>::iterator entry);
    void countOff(const UserId &sender, int messages);

    const Settings m_settings;
    const SessionDirectory &m_directory;
    Broker &m_broker;
    std::atomic<int> m_users{0};
    std::atomic<std::uint64_t> m_refusedUsers{0};
    std::atomic<std::uint64_t> m_refusedOfSender{0};
    mutable std::mutex m_mutex; // guards what follows
    QHash<UserId, Entry> m_entries;
    std::uint64_t m_lastNumber = 0;
    QHash<UserId, int> m_bySender;
};

} // namespace msgsrv
