// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "server/storage/sessionstore.h"

#include <QHash>

namespace msgsrv {

/// Sessions in memory: they end with the process, so load() finds nothing at a start. A userId and a key
/// are each in one record at most.
///
/// Functions may be called from any thread; they are carried out in the store's thread, in the order in
/// which each thread called them. What has not been carried out when the store is destroyed is not told.
class MemorySessionStore final : public SessionStore
{
    Q_OBJECT

public:
    explicit MemorySessionStore(QObject *parent = nullptr);
    ~MemorySessionStore() override;

    void insert(const SessionRecord &record, Done done) override;
    void update(const SessionRecord &record, Done done) override;
    void remove(const ListeningKey &key, Generation generation, Done done) override;
    void load(LoadDone done) override;

private:
    [[nodiscard]] StoreStatus insertNow(const SessionRecord &record);
    [[nodiscard]] StoreStatus updateNow(const SessionRecord &record);
    [[nodiscard]] StoreStatus removeNow(const ListeningKey &key, Generation generation);

    // Both belong to the store's thread.
    QHash<ListeningKey, SessionRecord> m_records;
    QHash<UserId, ListeningKey> m_keys;
};

} // namespace msgsrv
