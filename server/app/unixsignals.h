// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QObject>
#include <QSocketNotifier>

namespace msgsrv {

/// Turns SIGTERM and SIGINT into a Qt signal (signalfd). Lives in the main thread.
class UnixSignals final : public QObject
{
    Q_OBJECT

public:
    /// Blocks these signals, and ignores SIGPIPE, for this thread and all that it starts: call it before
    /// there are others.
    static void block();

    /// After block(), and after the application object was made.
    UnixSignals();
    ~UnixSignals() override;

signals:
    void terminationRequested();

private:
    const int m_descriptor;
    QSocketNotifier m_notifier;
};

} // namespace msgsrv
