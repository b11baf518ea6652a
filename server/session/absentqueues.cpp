// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/session/absentqueues.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace msgsrv {

std::variant<AbsentQueues::Place, AbsentQueues::Refusal>
AbsentQueues::placeFor(const UserId &user, const UserId &sender, TimePoint expiresAt, TimePoint now)
{
    if (m_settings.maxHold <= Duration::zero())
        return Refusal::Off;
    const std::scoped_lock lock(m_mutex);
    // A session that arrived since the caller looked: its entry here went after it had got into the
    // directory.
    if (const auto session = m_directory.findUser(user))
        return Place{session->key, expiresAt, false};
    const int sent = m_bySender.value(sender);
    if (m_settings.perSender > 0 && sent >= m_settings.perSender) {
        ++m_refusedOfSender;
        return Refusal::TooManyOfSender;
    }
    auto entry = m_entries.find(user);
    const bool isWaitedFor = entry != m_entries.end() && !entry->senders.isEmpty();
    if (!isWaitedFor && m_settings.users > 0 && m_users >= m_settings.users) {
        ++m_refusedUsers;
        return Refusal::TooManyUsers;
    }
    if (entry == m_entries.end())
        entry = add(user, ListeningKey::generate());
    if (!isWaitedFor) {
        ++m_users;
        m_broker.reserve(entry->key);
    }
    const TimePoint until = std::min(expiresAt, now + m_settings.maxHold);
    entry->until = std::max(entry->until, until);
    ++entry->senders[sender];
    ++m_bySender[sender];
    return Place{entry->key, until, true};
}

std::vector<AbsentQueues::Held> AbsentQueues::held() const
{
    std::vector<Held> found;
    const std::scoped_lock lock(m_mutex);
    found.reserve(std::size_t(m_entries.size()));
    for (auto entry = m_entries.cbegin(); entry != m_entries.cend(); ++entry) {
        if (!entry->senders.isEmpty())
            found.push_back({entry.key(), entry->key, entry->number});
    }
    return found;
}

void AbsentQueues::restore(const UserId &user, const ListeningKey &key, const UserId &sender,
                           TimePoint expiresAt)
{
    const std::scoped_lock lock(m_mutex);
    auto entry = m_entries.find(user);
    if (entry == m_entries.end()) {
        entry = add(user, key);
        ++m_users;
        m_broker.reserve(key);
    }
    Q_ASSERT(entry->key == key);
    entry->until = std::max(entry->until, expiresAt);
    ++entry->senders[sender];
    ++m_bySender[sender];
}

void AbsentQueues::withdraw(const UserId &user, const UserId &sender)
{
    const std::scoped_lock lock(m_mutex);
    const auto entry = m_entries.find(user);
    if (entry == m_entries.end())
        return; // the user has come, or the last message has expired
    const auto count = entry->senders.find(sender);
    if (count == entry->senders.end())
        return;
    countOff(sender, 1);
    if (--*count == 0)
        entry->senders.erase(count);
    if (!entry->senders.isEmpty())
        return;
    --m_users;
    if (entry->isPromised)
        return;
    m_broker.remove(entry->key, DropReason::Expired);
    m_entries.erase(entry);
}

ListeningKey AbsentQueues::promise(const UserId &user)
{
    const std::scoped_lock lock(m_mutex);
    auto entry = m_entries.find(user);
    if (entry == m_entries.end())
        entry = add(user, ListeningKey::generate());
    entry->isPromised = true;
    return entry->key;
}

void AbsentQueues::arrived(const UserId &user, const ListeningKey &key)
{
    const std::scoped_lock lock(m_mutex);
    const auto entry = m_entries.find(user);
    if (entry != m_entries.end() && entry->key == key)
        erase(entry);
}

void AbsentQueues::failed(const UserId &user, const ListeningKey &key)
{
    const std::scoped_lock lock(m_mutex);
    const auto entry = m_entries.find(user);
    if (entry == m_entries.end() || !(entry->key == key))
        return;
    if (entry->senders.isEmpty())
        m_entries.erase(entry);
    else
        entry->isPromised = false;
}

void AbsentQueues::sweep(TimePoint now)
{
    if (m_users == 0)
        return;
    std::vector<std::pair<UserId, ListeningKey>> over;
    {
        const std::scoped_lock lock(m_mutex);
        for (auto entry = m_entries.cbegin(); entry != m_entries.cend(); ++entry) {
            if (!entry->isPromised && entry->until <= now)
                over.emplace_back(entry.key(), entry->key);
        }
        for (const auto &[user, key] : over)
            erase(m_entries.find(user));
    }
    // Who got such a key just now and publishes after this is told that there is no queue.
    for (const auto &[user, key] : over)
        m_broker.remove(key, DropReason::Expired);
}

QHash<UserId, AbsentQueues::Entry>::iterator AbsentQueues::add(const UserId &user, const ListeningKey &key)
{
    Entry entry;
    entry.key = key;
    entry.number = ++m_lastNumber;
    return m_entries.insert(user, std::move(entry));
}

void AbsentQueues::erase(QHash<UserId, Entry>::iterator entry)
{
    if (!entry->senders.isEmpty())
        --m_users;
    for (auto sender = entry->senders.cbegin(); sender != entry->senders.cend(); ++sender)
        countOff(sender.key(), *sender);
    m_entries.erase(entry);
}

void AbsentQueues::countOff(const UserId &sender, int messages)
{
    const auto count = m_bySender.find(sender);
    if (count == m_bySender.end())
        return;
    *count -= messages;
    if (*count <= 0)
        m_bySender.erase(count);
}

} // namespace msgsrv
