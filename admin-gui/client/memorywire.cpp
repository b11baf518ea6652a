// SPDX-License-Identifier: GPL-3.0-or-later
#include "admin-gui/client/memorywire.h"

namespace msgsrv::console {

MemoryWire::Pair MemoryWire::make(qsizetype cut)
{
    Pair pair{std::unique_ptr<MemoryWire>(new MemoryWire(cut)),
              std::unique_ptr<MemoryWire>(new MemoryWire(cut))};
    pair.client->m_other = pair.server.get();
    pair.server->m_other = pair.client.get();
    return pair;
}

MemoryWire::~MemoryWire()
{
    MemoryWire::close();
}

void MemoryWire::open()
{
    for (MemoryWire *end : {this, m_other.data()}) {
        if (end != nullptr)
            QMetaObject::invokeMethod(end, &Wire::opened, Qt::QueuedConnection);
    }
}

void MemoryWire::send(const QByteArray &bytes)
{
    if (m_closed || m_other == nullptr)
        return;
    const qsizetype piece = m_cut > 0 ? m_cut : bytes.size();
    for (qsizetype at = 0; at < bytes.size(); at += piece) {
        QMetaObject::invokeMethod(
            m_other, [other = m_other.data(), part = bytes.mid(at, piece)] { other->deliver(part); },
            Qt::QueuedConnection);
    }
}

void MemoryWire::close()
{
    if (m_closed)
        return;
    m_closed = true;
    if (m_other == nullptr)
        return;
    QMetaObject::invokeMethod(
        m_other,
        [other = m_other.data()] {
            if (!other->m_closed)
                emit other->closed(tr("The other side closed the connection"));
        },
        Qt::QueuedConnection);
}

void MemoryWire::deliver(const QByteArray &bytes)
{
    if (!m_closed)
        emit received(bytes);
}

} // namespace msgsrv::console
