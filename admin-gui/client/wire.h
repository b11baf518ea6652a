// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QByteArray>
#include <QObject>

namespace msgsrv::console {

/// A transport that carries bytes both ways: local socket, TLS, or inside the process. It is used once: open,
/// then bytes, then closed. All signals come from the event loop, never from inside open() or send().
class Wire : public QObject
{
    Q_OBJECT

public:
    using QObject::QObject;

    virtual void open() = 0;
    virtual void send(const QByteArray &bytes) = 0;
    /// Nothing is signalled afterwards.
    virtual void close() = 0;

signals:
    void opened();
    void received(const QByteArray &bytes);
    /// It ended, or never began. @p why is for people, without a full stop.
    void closed(const QString &why);
};

} // namespace msgsrv::console
