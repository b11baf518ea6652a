// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "server/metrics/metrics.h"
#include "server/stomp/accounts.h"
#include "server/stomp/fairline.h"

#include <QByteArray>
#include <QHash>

#include <array>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace msgsrv {

/// Checks passcodes against hashes that are slow on purpose, in threads of its own, so that no I/O thread
/// stands still. Few at a time, and few wait: wrong logins cost no more memory than that, and who comes from
/// another address has his turn before them (FairLine). A passcode that was right is remembered, as its HMAC
/// under a key that only this process has, so that rightful programs come in at once however many others
/// guess. Any thread.
class PasscodeChecks
{
public:
    struct Settings
    {
        int threads = 0; ///< stomp.passcode_checks: so many at a time; 0: no account has a hash
        int waiting = 64; ///< stomp.passcode_waiting: CONNECTs that wait for one
    };
    enum class Result {
        Right,
        Wrong,
        Busy, ///< not checked: too many wait, or memory is short
    };
    /// Called once in any thread, perhaps before check() returns; or destroyed uncalled when nobody wants
    /// the result any more, or when this object goes.
    using Done = std::function<void(Result)>;

    PasscodeChecks(const Settings &settings, Metrics &metrics);
    /// Ends the threads, after the checks that are under way.
    ~PasscodeChecks();
    PasscodeChecks(const PasscodeChecks &) = delete;
    PasscodeChecks &operator=(const PasscodeChecks &) = delete;

    /// Checks what a client at @p address presented for @p account, which has a hash. Nothing is checked
    /// when @p wanted has expired by the time it would be the client's turn.
    void check(const Account &account, std::string_view presented, const BucketKey &address,
               std::weak_ptr<const void> wanted, Done done);

private:
    enum Outcome { Right, Wrong, Remembered, Busy, Unwanted, outcomeCount };
    struct Job
    {
        UserId login;
        std::shared_ptr<const PasscodeHash> hash;
        std::string presented; ///< secret
        QByteArray proof; ///< of login and passcode
        std::weak_ptr<const void> wanted;
        Done done;
    };

    void work();
    [[nodiscard]] Outcome outcomeOf(const Job &job);
    [[nodiscard]] QByteArray proofOf(const UserId &login, std::string_view presented) const;
    [[nodiscard]] bool isRemembered(const UserId &login, const QByteArray &proof) const;
    void finish(const Done &done, Outcome outcome);

    QByteArray m_key; ///< of the proofs: random, never leaves the process
    std::array<prometheus::Counter *, outcomeCount> m_counters{};

    mutable std::mutex m_mutex; ///< held for moments; guards what follows
    std::condition_variable m_wake;
    bool m_stopping = false;
    FairLine<Job> m_line;
    QHash<UserId, QByteArray> m_remembered; ///< the proof of each account's last right passcode

    std::vector<std::thread> m_threads;
};

} // namespace msgsrv
