// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/session/storedjournal.h"

#include <iterator>
#include <utility>

namespace msgsrv {

namespace {

void addTo(std::vector<std::uint64_t> &to, const std::vector<std::uint64_t> &more)
{
    to.insert(to.end(), more.begin(), more.end());
}

/// All but its position.
StoredMessage storedOf(const MessageJournal::Place &place, const MessagePtr &message)
{
    StoredMessage stored;
    stored.queue = place.queue;
    stored.isHeld = message->isHeld;
    stored.hasContent = message->keep != Keep::Fate;
    stored.message = message;
    if (message->watch)
        stored.origin = message->watch->originOf(message->number);
    return stored;
}

} // namespace

void StoredJournal::begin(Listener &listener, JournalId last)
{
    m_listener = &listener;
    m_last = std::uint64_t(last);
}

JournalId StoredJournal::append(const Place &place, const MessagePtr &message)
{
    StoredMessage stored = storedOf(place, message); // asks the watch: not under our lock
    const std::scoped_lock lock(m_mutex);
    stored.position = ++m_last;
    m_fresh.emplace_hint(m_fresh.end(), JournalId(m_last), Entry{std::move(stored), place});
    return JournalId(m_last);
}

void StoredJournal::ask(JournalId id, const Place &place)
{
    const std::scoped_lock lock(m_mutex);
    for (Entries *const entries : {&m_fresh, &m_underWay}) {
        const auto entry = entries->find(id);
        if (entry == entries->end())
            continue;
        m_asked += entries == &m_fresh && !entry->second.isAsked ? 1 : 0;
        entry->second.isAsked = true;
        return;
    }
    m_safe.push_back(place);
}

void StoredJournal::written(JournalId id)
{
    const std::scoped_lock lock(m_mutex);
    if (const auto fresh = m_fresh.find(id); fresh != m_fresh.end()) {
        fresh->second.message.redelivered = true;
        return;
    }
    m_written.push_back(std::uint64_t(id));
}

void StoredJournal::end(const std::vector<JournalId> &ids)
{
    const std::scoped_lock lock(m_mutex);
    for (const JournalId id : ids) {
        if (const auto fresh = m_fresh.find(id); fresh != m_fresh.end()) {
            m_asked -= fresh->second.isAsked ? 1 : 0;
            m_fresh.erase(fresh);
            continue;
        }
        if (const auto entry = m_underWay.find(id); entry != m_underWay.end())
            entry->second.hasEnded = true;
        m_ended.push_back(std::uint64_t(id));
    }
}

void StoredJournal::flush()
{
    std::vector<Place> safe;
    {
        const std::scoped_lock lock(m_mutex);
        if (m_isShut)
            return;
        safe.swap(m_safe);
        if (m_isUnderWay)
            m_isWanted = true;
        else if (isWorthwhile())
            giveToStore();
    }
    if (!safe.empty())
        m_listener->saved(safe);
}

void StoredJournal::tick()
{
    {
        const std::scoped_lock lock(m_mutex);
        m_isDown = m_isDown && !m_store.health().up; // it looks by itself whether it can be written to
    }
    flush();
    const std::scoped_lock lock(m_mutex);
    m_ripe = std::exchange(m_nextRipe, m_last);
}

/// With the lock held.
bool StoredJournal::isWorthwhile() const
{
    if (m_asked > 0)
        return true;
    const bool isRipe = !m_fresh.empty() && std::uint64_t(m_fresh.begin()->first) <= m_ripe;
    return !m_isDown && (!m_written.empty() || !m_ended.empty() || isRipe);
}

/// With the lock held, so that a session's end, which is told here before the store is told of it, finds what
/// was written down before it in the store as well.
void StoredJournal::giveToStore()
{
    MessageChanges changes;
    for (auto entry = m_fresh.begin(); entry != m_fresh.end();) {
        const auto next = std::next(entry);
        const bool isRipe = !m_isDown && std::uint64_t(entry->first) <= m_ripe;
        if (entry->second.isAsked || isRipe) {
            changes.added.push_back(entry->second.message);
            m_underWay.insert(m_fresh.extract(entry));
        }
        entry = next;
    }
    m_asked = 0;
    MessageChanges rest;
    if (!m_isDown) {
        rest.written = std::exchange(m_written, {});
        rest.ended = std::exchange(m_ended, {});
        changes.written = rest.written;
        changes.ended = rest.ended;
    }
    m_isUnderWay = true;
    m_isWanted = false;
    m_store.changeMessages(std::move(changes),
                           [this, rest = std::move(rest)](StoreStatus status) { answered(status, rest); });
}

void StoredJournal::answered(StoreStatus status, const MessageChanges &rest)
{
    std::vector<Place> places;
    bool again = false;
    {
        const std::scoped_lock lock(m_mutex);
        m_isUnderWay = false;
        m_isDown = status != StoreStatus::Ok;
        if (m_isDown) {
            ++m_failures;
            takeBack(rest, places);
        } else {
            m_saved += m_underWay.size();
            for (const auto &[id, entry] : m_underWay)
                places.push_back(entry.place);
            m_underWay.clear();
        }
        if (m_isShut)
            return;
        again = m_isWanted;
    }
    if (!places.empty() && status == StoreStatus::Ok)
        m_listener->saved(places);
    else if (!places.empty())
        m_listener->notSaved(places);
    if (again)
        flush();
}

/// What was under way waits again. With the lock held.
void StoredJournal::takeBack(const MessageChanges &rest, std::vector<Place> &asked)
{
    std::erase_if(m_ended, [this](std::uint64_t id) { return m_underWay.contains(JournalId(id)); });
    for (auto &[id, entry] : m_underWay) {
        if (entry.hasEnded)
            continue;
        if (std::exchange(entry.isAsked, false))
            asked.push_back(entry.place);
        m_fresh.emplace(id, std::move(entry));
    }
    m_underWay.clear();
    addTo(m_written, rest.written);
    addTo(m_ended, rest.ended);
}

bool StoredJournal::shut()
{
    const std::scoped_lock lock(m_mutex);
    m_isShut = true;
    return !m_isUnderWay && m_fresh.empty() && m_written.empty() && m_ended.empty();
}

std::uint64_t StoredJournal::pending() const
{
    const std::scoped_lock lock(m_mutex);
    return m_fresh.size() + m_underWay.size() + m_written.size() + m_ended.size();
}

std::uint64_t StoredJournal::savedCount() const
{
    const std::scoped_lock lock(m_mutex);
    return m_saved;
}

std::uint64_t StoredJournal::failures() const
{
    const std::scoped_lock lock(m_mutex);
    return m_failures;
}

} // namespace msgsrv
