// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "server/app/config.h"
#include "server/app/exitcode.h"

#include <QByteArray>
#include <QObject>
#include <QString>

#include <memory>
#include <optional>

namespace msgsrv {

/// The whole server but its command line: threads, listeners, broker, store and sessions, put together as the
/// configuration says. Lives in the main thread, whose event loop must run.
class Daemon final : public QObject
{
    Q_OBJECT

public:
    explicit Daemon(const Config &config);
    ~Daemon() override;

    struct Failure
    {
        ExitCode code = ExitCode::StartFailure;
        QString sentence;
    };
    /// Opens every listener and starts every thread. Nothing is left running after a failure.
    [[nodiscard]] std::optional<Failure> start();

    /// `ready {...}`: the addresses with their real ports, as JSON.
    [[nodiscard]] QByteArray readyLine() const;

    /// Begins to drain: takes no new sessions, tells every client, asks one after the other to leave (1001),
    /// and when they have, at the latest after drain.timeout, saves what waits for sessions that can be
    /// resumed and emits stopped(). Called again: waits for nobody any more.
    void stop();

    /// What went wrong at the end. After stopped().
    [[nodiscard]] const std::optional<Failure> &failure() const { return m_failure; }

signals:
    void stopped();

private:
    struct Parts;
    struct Worker;
    struct Management;

    [[nodiscard]] std::optional<Failure> openListeners();
    /// What the store has of an earlier run goes to the sessions.
    [[nodiscard]] std::optional<Failure> restoreSessions();
    void startWorkers();
    [[nodiscard]] std::optional<Failure> openManagement();
    void startInternal();
    void startManagement();

    // The end, one after the other
    void shutListeners();
    void leaveWhenEmpty();
    void leave(const char *why);
    void saveQueues();

    const Config m_config;
    std::optional<Failure> m_failure;
    std::unique_ptr<Parts> m_parts;
};

} // namespace msgsrv
