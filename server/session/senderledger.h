// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "server/broker/broker.h"
#include "shared/base/clock.h"
#include "shared/signaling/listeningkey.h"
#include "shared/signaling/message.h"
#include "shared/signaling/messagewatch.h"
#include "shared/signaling/noticewishes.h"
#include "shared/signaling/userid.h"

#include <QByteArray>
#include <QHash>

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace msgsrv {

/// What is known of one message of a sender.
struct MessageReport
{
    QByteArray messageId;
    QByteArray exchangeId; ///< the sender's own name for it; null: none
    UserId to;
    MessageState state = MessageState::Queued;
    const char *reason = ""; ///< of Dropped: static text
    bool isDecided = true; ///< false: it is not yet known whether it is accepted

    /// As JSON: what a notice and `GET /exchange/<messageId>` say.
    [[nodiscard]] QByteArray toJson() const;
};

/// What became of the messages of one session: answers who asks later, finds a message that is sent again,
/// and tells the sender what it wished to be told.
///
/// All messages that are on their way are known; of the others the latest few, for a while. Any thread. The
/// broker may call advance() with its locks held: it takes one lock, under which nobody is called.
class SenderLedger final : public MessageWatch
{
public:
    struct Settings
    {
        std::size_t kept = 256; ///< limits.message_states: messages whose fate is final
        Duration window = std::chrono::minutes(2); ///< exchange.window: how long those are known
    };
    using Now = std::function<TimePoint()>;
    /// Makes the message that carries a notice into the sender's queue.
    using Post = std::function<void(const ListeningKey &queue, const char *event, QByteArray json)>;

    SenderLedger(ListeningKey key, const Settings &settings, Post post, Now now = &Clock::now);
    ~SenderLedger() override;

    /// Messages that were accepted from the session.
    [[nodiscard]] std::uint64_t sent() const { return m_sent.load(std::memory_order_relaxed); }
    void countSent() { m_sent.fetch_add(1, std::memory_order_relaxed); }

    /// Begins to follow message @p number. When @p report has an exchangeId that is known already nothing
    /// happens, and what is known of that message is the answer.
    [[nodiscard]] std::optional<MessageReport> add(std::uint64_t number, MessageReport report,
                                                   const NoticeWishes &wishes);
    /// Follows a message that an earlier run of the program had accepted, under a number of this one.
    void restore(std::uint64_t number, MessageReport report, const NoticeWishes &wishes);
    using Again = std::function<void()>;
    /// To who sends a message again of which it is not yet known whether it is accepted: @p again is called
    /// when it is. False: it is known already.
    [[nodiscard]] bool whenDecided(const QByteArray &exchangeId, Again again);
    /// Message @p number was accepted. The caller calls what is returned, with no lock held.
    [[nodiscard]] std::vector<Again> decide(std::uint64_t number);
    /// Message @p number was not accepted: nothing is known of it. As decide().
    [[nodiscard]] std::vector<Again> forget(std::uint64_t number);
    [[nodiscard]] std::optional<MessageReport> find(std::uint64_t number) const;
    /// As find(), by the id of a message that was restored.
    [[nodiscard]] std::optional<MessageReport> findRestored(const QByteArray &messageId) const;

    [[nodiscard]] bool advance(std::uint64_t number, Step step, const char *reason) override;
    void tell() override;
    [[nodiscard]] MessageOrigin originOf(std::uint64_t number) const override;

private:
    struct Entry
    {
        MessageReport report;
        NoticeWishes wishes; ///< that are not fulfilled
        bool isFinal = false;
        TimePoint finalSince{};
        std::vector<Again> undecided{}; ///< who waits
    };
    struct Notice
    {
        const char *event = "";
        MessageReport report;
    };

    [[nodiscard]] std::optional<MessageReport> findLocked(std::uint64_t number) const;
    void finish(std::uint64_t number, Entry &entry);
    void erase(std::map<std::uint64_t, Entry>::iterator entry);

    const ListeningKey m_key;
    const Settings m_settings;
    const Post m_post;
    const Now m_now;
    std::atomic<std::uint64_t> m_sent{0};
    /// Held while notices are posted, so that they come in order; never taken with a broker's lock held.
    std::mutex m_telling;
    mutable std::mutex m_mutex; // guards what follows
    std::map<std::uint64_t, Entry> m_entries; ///< by number
    QHash<QByteArray, std::uint64_t> m_byExchangeId;
    QHash<QByteArray, std::uint64_t> m_restored; ///< by message id
    std::deque<std::uint64_t> m_final; ///< the oldest first; some are erased already
    std::size_t m_finalCount = 0; ///< without those
    std::vector<Notice> m_due;
    std::vector<Again> m_left; ///< who waits for entries that were erased
};

/// Makes the ledgers of all sessions, and the messages that carry their notices. Any thread.
class SenderLedgers
{
public:
    /// @p broker outlives this object, which outlives its ledgers.
    SenderLedgers(const SenderLedger::Settings &settings, Broker &broker,
                  SenderLedger::Now now = &Clock::now);
    /// From now on notices are kept by the broker's journal, so that a crash takes none away. Before any
    /// message.
    void keepNotices() { *m_keep = Keep::Content; }

    [[nodiscard]] std::shared_ptr<SenderLedger> make(const ListeningKey &key);

    /// Notices that were posted, and those that did not get into their sender's queue.
    [[nodiscard]] std::uint64_t posted() const { return m_posted->load(); }
    [[nodiscard]] std::uint64_t lost() const { return m_lost->load(); }

private:
    const SenderLedger::Settings m_settings;
    const SenderLedger::Now m_now;
    const std::shared_ptr<std::atomic<std::uint64_t>> m_posted
        = std::make_shared<std::atomic<std::uint64_t>>();
    const std::shared_ptr<std::atomic<std::uint64_t>> m_lost = std::make_shared<std::atomic<std::uint64_t>>();
    const std::shared_ptr<Keep> m_keep = std::make_shared<Keep>(Keep::Nothing);
    SenderLedger::Post m_post;
};

} // namespace msgsrv
