// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "server/broker/messagejournal.h"
#include "server/storage/sessionstore.h"

#include <cstdint>
#include <map>
#include <mutex>
#include <vector>

namespace msgsrv {

/// The journal of a broker, in the store of the sessions.
///
/// What happens is gathered, and given to the store as one operation when the one before is answered, so many
/// messages cost one sync. A message whose fate is final before it was given to the store leaves no trace
/// there: in a queue that is read nothing touches the disk. What nobody waits for is given to the store when
/// it has stayed for one turn of tick().
///
/// While the store cannot be written to, everything goes on waiting here: never more than the queues hold,
/// and one number for each message that the store has. Only what somebody asks for is tried then.
///
/// Functions may be called from any thread; the listener is called by flush(), and in the thread of the
/// store.
class StoredJournal final : public MessageJournal
{
public:
    /// @p store outlives what it was asked, and is lasting.
    explicit StoredJournal(SessionStore &store)
        : m_store(store)
    { }

    /// Who is told; ids begin above @p last. Before anything else.
    void begin(Listener &listener, JournalId last);

    [[nodiscard]] JournalId append(const Place &place, const MessagePtr &message) override;
    void ask(JournalId id, const Place &place) override;
    void written(JournalId id) override;
    void end(const std::vector<JournalId> &ids) override;
    void flush() override;

    /// About four times a second, by the store's thread.
    void tick();
    /// Nothing is given to the store any more, and nobody is told. True: the store has all that the queues
    /// hold, and nothing else, if what is under way succeeds. For the end of a program.
    [[nodiscard]] bool shut();

    /// Changes that the store does not have yet.
    [[nodiscard]] std::uint64_t pending() const;
    /// Messages that it has taken.
    [[nodiscard]] std::uint64_t savedCount() const;
    /// Operations that failed; what they were about is tried again.
    [[nodiscard]] std::uint64_t failures() const;

private:
    struct Entry
    {
        StoredMessage message;
        Place place;
        bool isAsked = false;
        bool hasEnded = false; ///< while it is under way
    };
    using Entries = std::map<JournalId, Entry>;

    [[nodiscard]] bool isWorthwhile() const;
    void giveToStore();
    void answered(StoreStatus status, const MessageChanges &rest);
    void takeBack(const MessageChanges &rest, std::vector<Place> &asked);

    SessionStore &m_store;
    Listener *m_listener = nullptr;
    mutable std::mutex m_mutex; // guards what follows
    Entries m_fresh; ///< not given to the store
    Entries m_underWay;
    bool m_isUnderWay = false;
    bool m_isWanted = false; ///< flush() was called meanwhile
    bool m_isDown = false; ///< the latest operation failed
    bool m_isShut = false;
    int m_asked = 0; ///< of m_fresh
    std::vector<std::uint64_t> m_written;
    std::vector<std::uint64_t> m_ended;
    std::vector<Place> m_safe; ///< asked for when the store had them already
    std::uint64_t m_last = 0; ///< the latest id
    std::uint64_t m_ripe = 0; ///< younger ones may stay for a while
    std::uint64_t m_nextRipe = 0; ///< the latest at the last turn
    std::uint64_t m_saved = 0;
    std::uint64_t m_failures = 0;
};

} // namespace msgsrv
