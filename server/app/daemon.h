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

    /// Stops accepting, asks every client to leave (1001), and emits stopped() when they have, at the latest
    /// after a few seconds. Called again: stops at once.
    void stop();

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
    void finishWhenEmpty();

    const Config m_config;
    std::unique_ptr<Parts> m_parts;
};

} // namespace msgsrv
