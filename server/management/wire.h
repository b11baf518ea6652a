// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QByteArray>
#include <QObject>

namespace msgsrv::management {

/// A byte stream to one console. Belongs to the management thread. Nothing is emitted from within a call.
class Wire : public QObject
{
    Q_OBJECT

public:
    using QObject::QObject;

    virtual void write(const QByteArray &bytes) = 0;
    /// Written and not taken by the system yet.
    [[nodiscard]] virtual qint64 bytesQueued() const = 0;
    /// False: what comes stays with the system until it is true again. At first true.
    virtual void setReading(bool reading) = 0;
    /// Ends it when everything written is sent.
    virtual void finish() = 0;
    /// Ends it now.
    virtual void abort() = 0;

signals:
    void received(const QByteArray &bytes);
    /// The system took some of what is queued.
    void progressed();
    /// It is over; nothing comes after this.
    void closed();
};

} // namespace msgsrv::management
