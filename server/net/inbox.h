// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "server/net/tsan.h"

#include <QCoreApplication>
#include <QEvent>
#include <QObject>

#include <functional>
#include <mutex>
#include <utility>
#include <vector>

namespace msgsrv {

/// Entries from any thread for the thread that the inbox belongs to (QObject::thread()), which handles them
/// in its event loop in the order in which they came. However many come, the thread is woken up once until
/// it has fetched them.
template <typename Entry>
class Inbox final : public QObject
{
public:
    using Handler = std::function<void(Entry &&)>;

    /// @p handle is called in the inbox's thread.
    explicit Inbox(Handler handle)
        : m_handle(std::move(handle))
    { }

    /// Any thread. False when the inbox is closed: the entry is destroyed.
    bool push(Entry entry)
    {
        {
            const std::lock_guard lock(m_mutex);
            if (m_closed)
                return false;
            m_arrived.push_back(std::move(entry));
            if (m_arrived.size() > 1)
                return true; // the thread knows already
        }
        auto *notice = new QEvent(QEvent::User);
        tsanRelease(this);
        const TsanPause pause; // Qt's list of events, which both threads change
        QCoreApplication::postEvent(this, notice);
        return true;
    }

    /// The inbox's thread, perhaps while it handles an entry. Destroys what waits and refuses what comes
    /// later.
    void close()
    {
        std::vector<Entry> doomed; // destroyed without the lock, since a destructor may push
        std::vector<Entry> doomedBatch;
        const std::lock_guard lock(m_mutex);
        m_closed = true;
        doomed.swap(m_arrived);
        doomedBatch.swap(m_batch);
        m_next = 0;
    }

protected:
    bool event(QEvent *event) override
    {
        tsanAcquire(this);
        if (event->type() != QEvent::User)
            return QObject::event(event);
        drain();
        return true;
    }

private:
    // A handler may run an event loop of its own, whose turns come here again: they go on where the outer one
    // stands, so the order is kept.
    void drain()
    {
        finishBatch();
        {
            const std::lock_guard lock(m_mutex);
            m_batch.clear();
            m_next = 0;
            m_batch.swap(m_arrived);
        }
        finishBatch();
    }

    void finishBatch()
    {
        while (m_next < m_batch.size()) {
            Entry entry = std::move(m_batch[m_next++]);
            m_handle(std::move(entry));
        }
    }

    const Handler m_handle;
    std::vector<Entry> m_batch; // the thread's own: being handled
    std::size_t m_next = 0; // in m_batch
    std::mutex m_mutex;
    std::vector<Entry> m_arrived; // guarded
    bool m_closed = false; // guarded
};

} // namespace msgsrv
