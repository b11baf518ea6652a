// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/storage/memorysessionstore.h"

#include <QMetaObject>

#include <utility>

namespace msgsrv {

MemorySessionStore::MemorySessionStore(QObject *parent)
    : SessionStore(parent)
{ }

MemorySessionStore::~MemorySessionStore() = default;

void MemorySessionStore::insert(const SessionRecord &record, Done done)
{
    QMetaObject::invokeMethod(
        this, [this, record, done = std::move(done)] { done(insertNow(record)); }, Qt::QueuedConnection);
}

void MemorySessionStore::update(const SessionRecord &record, Done done)
{
    QMetaObject::invokeMethod(
        this, [this, record, done = std::move(done)] { done(updateNow(record)); }, Qt::QueuedConnection);
}

void MemorySessionStore::remove(const ListeningKey &key, Generation generation, Done done)
{
    QMetaObject::invokeMethod(
        this, [this, key, generation, done = std::move(done)] { done(removeNow(key, generation)); },
        Qt::QueuedConnection);
}

void MemorySessionStore::load(LoadDone done)
{
    const auto loadNow = [this, done = std::move(done)] {
        done(StoreStatus::Ok, std::vector<SessionRecord>(m_records.cbegin(), m_records.cend()));
    };
    QMetaObject::invokeMethod(this, loadNow, Qt::QueuedConnection);
}

StoreStatus MemorySessionStore::insertNow(const SessionRecord &record)
{
    if (m_keys.contains(record.userId) || m_records.contains(record.key))
        return StoreStatus::Conflict;
    m_records.insert(record.key, record);
    m_keys.insert(record.userId, record.key);
    return StoreStatus::Ok;
}

StoreStatus MemorySessionStore::updateNow(const SessionRecord &record)
{
    const auto it = m_records.find(record.key);
    if (it == m_records.end() || it->generation != record.generation)
        return StoreStatus::NotFound;
    if (it->userId != record.userId) {
        if (m_keys.contains(record.userId))
            return StoreStatus::Conflict;
        m_keys.remove(it->userId);
        m_keys.insert(record.userId, record.key);
    }
    *it = record;
    return StoreStatus::Ok;
}

StoreStatus MemorySessionStore::removeNow(const ListeningKey &key, Generation generation)
{
    const auto it = m_records.find(key);
    if (it == m_records.end() || it->generation != generation)
        return StoreStatus::NotFound;
    m_keys.remove(it->userId);
    m_records.erase(it);
    return StoreStatus::Ok;
}

} // namespace msgsrv
