// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/net/notifiertable.h"

#include <QCoreApplication>
#include <QEvent>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <sys/epoll.h>
#include <unistd.h>

namespace msgsrv {
namespace {

constexpr int eventsPerWait = 256;

constexpr std::uint8_t bit(int type)
{
    return std::uint8_t(1U << unsigned(type));
}

/// What makes a notifier run: its own event, and the end or an error of the descriptor.
constexpr std::uint32_t triggers(int type)
{
    constexpr std::uint32_t always = EPOLLHUP | EPOLLERR;
    switch (type) {
    case QSocketNotifier::Read:
        return EPOLLIN | always;
    case QSocketNotifier::Write:
        return EPOLLOUT | always;
    default:
        return EPOLLPRI | always;
    }
}

} // namespace

NotifierTable::NotifierTable(int wakeUpDescriptor)
    : m_wakeUpDescriptor(wakeUpDescriptor)
    , m_epoll(epoll_create1(EPOLL_CLOEXEC))
{
    if (m_epoll < 0)
        qFatal("cannot create an epoll instance: %s", std::strerror(errno));
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u64 = std::uint32_t(wakeUpDescriptor); // generation 0, which no entry has
    if (epoll_ctl(m_epoll, EPOLL_CTL_ADD, wakeUpDescriptor, &event) != 0)
        qFatal("cannot watch the wake-up descriptor: %s", std::strerror(errno));
}

NotifierTable::~NotifierTable()
{
    ::close(m_epoll);
}

void NotifierTable::add(QSocketNotifier *notifier)
{
    const int descriptor = int(notifier->socket());
    const int type = notifier->type();
    Q_ASSERT(descriptor >= 0);
    auto &entry = m_entries[descriptor];
    if (entry.generation == 0) {
        if (++m_lastGeneration == 0)
            ++m_lastGeneration;
        entry.generation = m_lastGeneration;
    }
    auto &place = entry.notifiers[std::size_t(type)];
    if (place && place != notifier)
        qWarning("two socket notifiers of type %d for descriptor %d: the newer one replaces the older", type,
                 descriptor);
    place = notifier;
    if (type == QSocketNotifier::Write && !entry.isFresh) {
        entry.isFresh = true;
        m_fresh.push_back({descriptor, entry.generation});
    }
    markDirty(descriptor, entry);
}

void NotifierTable::remove(QSocketNotifier *notifier)
{
    const int descriptor = int(notifier->socket());
    const int type = notifier->type();
    const auto found = m_entries.find(descriptor);
    if (found == m_entries.end() || found->second.notifiers[std::size_t(type)] != notifier)
        return;
    auto &entry = found->second;
    entry.notifiers[std::size_t(type)] = nullptr;
    entry.ready = std::uint8_t(entry.ready & ~bit(type));
    if (wanted(entry) != 0) {
        markDirty(descriptor, entry);
        return;
    }
    if (entry.armed != 0)
        control(EPOLL_CTL_DEL, descriptor, entry, 0);
    m_entries.erase(found);
}

int NotifierTable::runFreshWrites()
{
    int count = 0;
    const auto limit = m_fresh.size();
    while (m_nextFresh < std::min(limit, m_fresh.size())) {
        const auto key = m_fresh[m_nextFresh++];
        if (m_nextFresh == m_fresh.size()) {
            m_fresh.clear();
            m_nextFresh = 0;
        }
        auto *entry = find(key);
        if (!entry || !entry->isFresh)
            continue;
        entry->isFresh = false;
        auto *notifier = entry->notifiers[QSocketNotifier::Write];
        if (!notifier || !takesOptimisticWrites(key.descriptor, *entry))
            continue;
        ++optimisticWrites;
        ++count;
        QEvent event(QEvent::SockAct);
        QCoreApplication::sendEvent(notifier, &event);
    }
    return count;
}

/// A socket that is read from already, i.e. connected; a blocking one would block.
bool NotifierTable::takesOptimisticWrites(int descriptor, Entry &entry)
{
    if (!(entry.armed & EPOLLIN) || (entry.armed & EPOLLOUT))
        return false;
    if (!entry.isNonBlocking)
        entry.isNonBlocking = (fcntl(descriptor, F_GETFL) & O_NONBLOCK) != 0;
    return *entry.isNonBlocking;
}

void NotifierTable::arm()
{
    std::size_t kept = 0;
    for (std::size_t i = 0; i < m_dirty.size(); ++i) { // grows when a notifier is given up
        const auto key = m_dirty[i];
        auto *entry = find(key);
        if (!entry)
            continue;
        if (entry->isFresh) {
            m_dirty[kept++] = key;
            continue;
        }
        entry->isDirty = false;
        armEntry(key.descriptor, *entry);
    }
    m_dirty.resize(kept);
}

void NotifierTable::armEntry(int descriptor, Entry &entry)
{
    const auto mask = wanted(entry);
    if (mask == entry.armed || entry.isUnwatchable)
        return;
    int operation = entry.armed == 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD;
    bool done = control(operation, descriptor, entry, mask);
    if (!done && (errno == EEXIST || errno == ENOENT)) {
        // the number was closed, and perhaps used again, without its notifiers being told
        operation = errno == EEXIST ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
        done = control(operation, descriptor, entry, mask);
    }
    if (done)
        entry.armed = mask;
    else
        giveUp(descriptor, entry, errno);
}

void NotifierTable::giveUp(int descriptor, Entry &entry, int error)
{
    if (error == EPERM) { // what poll() would call ready at any time
        entry.isUnwatchable = true;
        m_unwatchable.push_back({descriptor, entry.generation});
        return;
    }
    qWarning("descriptor %d cannot be watched: %s; its socket notifiers are disabled", descriptor,
             std::strerror(error));
    entry.armed = 0;
    for (auto *notifier : std::array(entry.notifiers)) { // a copy: the last remove() erases the entry
        if (notifier)
            notifier->setEnabled(false);
    }
}

bool NotifierTable::control(int operation, int descriptor, const Entry &entry, Mask mask)
{
    epoll_event event{};
    event.events = mask;
    event.data.u64 = std::uint64_t(entry.generation) << 32 | std::uint32_t(descriptor);
    ++controls;
    return epoll_ctl(m_epoll, operation, descriptor, &event) == 0;
}

bool NotifierTable::wait(WaitUntil until)
{
    collectUnwatchable();
    if (m_nextReady < m_ready.size())
        until = doNotWait;
    std::array<epoll_event, eventsPerWait> ready;
    int count = 0;
    do {
        ++waits;
        count = epoll_wait(m_epoll, ready.data(), eventsPerWait, waitTimeout(until));
    } while (count < 0 && errno == EINTR);
    bool wokenUp = false;
    for (int i = 0; i < count; ++i) {
        const auto &event = ready[std::size_t(i)];
        const Key key{int(event.data.u64 & 0xFFFFFFFFU), std::uint32_t(event.data.u64 >> 32)};
        if (key.descriptor == m_wakeUpDescriptor && key.generation == 0) {
            wokenUp = true;
            continue;
        }
        ++events;
        if (auto *entry = find(key))
            collect(key.descriptor, *entry, event.events);
        else if (!m_entries.contains(key.descriptor))
            control(EPOLL_CTL_DEL, key.descriptor, {}, 0); // closed behind our back: never hear of it again
    }
    return wokenUp;
}

void NotifierTable::collect(int descriptor, Entry &entry, Mask mask)
{
    for (int type = 0; type < typeCount; ++type) {
        if (entry.notifiers[std::size_t(type)] && (mask & triggers(type)))
            entry.ready = std::uint8_t(entry.ready | bit(type));
    }
    if (entry.ready != 0 && !entry.isQueued) {
        entry.isQueued = true;
        m_ready.push_back({descriptor, entry.generation});
    }
}

void NotifierTable::collectUnwatchable()
{
    const auto gone = [this](Key key) { return !find(key); };
    m_unwatchable.erase(std::remove_if(m_unwatchable.begin(), m_unwatchable.end(), gone),
                        m_unwatchable.end());
    for (const auto key : m_unwatchable)
        collect(key.descriptor, *find(key), EPOLLIN | EPOLLOUT);
}

int NotifierTable::activate()
{
    int count = 0;
    while (m_nextReady < m_ready.size()) {
        const auto key = m_ready[m_nextReady++];
        if (m_nextReady == m_ready.size()) {
            m_ready.clear();
            m_nextReady = 0;
        }
        if (auto *entry = find(key))
            entry->isQueued = false;
        for (int type = 0; type < typeCount; ++type) {
            auto *entry = find(key); // a slot may have ended it
            if (!entry || !(entry->ready & bit(type)))
                continue;
            entry->ready = std::uint8_t(entry->ready & ~bit(type));
            ++count;
            QEvent event(QEvent::SockAct);
            QCoreApplication::sendEvent(entry->notifiers[std::size_t(type)], &event);
        }
    }
    return count;
}

NotifierTable::Entry *NotifierTable::find(Key key)
{
    const auto found = m_entries.find(key.descriptor);
    return found != m_entries.end() && found->second.generation == key.generation ? &found->second : nullptr;
}

void NotifierTable::markDirty(int descriptor, Entry &entry)
{
    if (entry.isDirty)
        return;
    entry.isDirty = true;
    m_dirty.push_back({descriptor, entry.generation});
}

NotifierTable::Mask NotifierTable::wanted(const Entry &entry)
{
    Mask mask = 0;
    if (entry.notifiers[QSocketNotifier::Read])
        mask |= EPOLLIN;
    if (entry.notifiers[QSocketNotifier::Write])
        mask |= EPOLLOUT;
    if (entry.notifiers[QSocketNotifier::Exception])
        mask |= EPOLLPRI;
    return mask;
}

} // namespace msgsrv
