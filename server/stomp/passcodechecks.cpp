// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/stomp/passcodechecks.h"

#include "shared/base/random.h"

#include <QMessageAuthenticationCode>

#include <utility>

namespace msgsrv {

PasscodeChecks::PasscodeChecks(const Settings &settings, Metrics &metrics)
    : m_key(32, Qt::Uninitialized)
    , m_line(std::size_t(settings.waiting))
{
    fillRandom(m_key.data(), std::size_t(m_key.size()));
    static constexpr std::array<const char *, outcomeCount> names{"right", "wrong", "remembered", "busy",
                                                                  "unwanted"};
    for (std::size_t i = 0; i < names.size(); ++i)
        m_counters[i] = &metrics.counter("messaging_passcode_checks_total",
                                         "Passcodes presented for accounts with a hash, by what came of it.",
                                         {{"result", names[i]}});
    m_threads.reserve(std::size_t(settings.threads));
    for (int i = 0; i < settings.threads; ++i)
        m_threads.emplace_back([this] { work(); });
}

PasscodeChecks::~PasscodeChecks()
{
    {
        const std::scoped_lock lock(m_mutex);
        m_stopping = true;
    }
    m_wake.notify_all();
    for (std::thread &thread : m_threads)
        thread.join();
}

void PasscodeChecks::check(const Account &account, std::string_view presented, const BucketKey &address,
                           std::weak_ptr<const void> wanted, Done done)
{
    const QByteArray proof = proofOf(account.login, presented);
    if (isRemembered(account.login, proof)) {
        finish(done, Remembered);
        return;
    }
    std::optional<Job> refused;
    {
        const std::scoped_lock lock(m_mutex);
        refused = m_line.push(
            address,
            {account.login, account.hash, std::string(presented), proof, std::move(wanted), std::move(done)});
    }
    m_wake.notify_one();
    if (refused)
        finish(refused->done, Busy);
}

void PasscodeChecks::work()
{
    std::unique_lock lock(m_mutex);
    while (true) {
        m_wake.wait(lock, [this] { return m_stopping || m_line.size() > 0; });
        if (m_stopping)
            return;
        const auto job = m_line.pop();
        lock.unlock();
        finish(job->done, outcomeOf(*job));
        lock.lock();
    }
}

PasscodeChecks::Outcome PasscodeChecks::outcomeOf(const Job &job)
{
    if (job.wanted.expired())
        return Unwanted;
    // A fleet of programs of one account that all come at once is let in by the first of them.
    if (isRemembered(job.login, job.proof))
        return Remembered;
    switch (job.hash->verify(job.presented)) {
    case PasscodeHash::Match::Yes: {
        const std::scoped_lock lock(m_mutex);
        m_remembered.insert(job.login, job.proof);
        return Right;
    }
    case PasscodeHash::Match::No:
        return Wrong;
    case PasscodeHash::Match::Unknown:
        return Busy;
    }
    Q_UNREACHABLE();
}

QByteArray PasscodeChecks::proofOf(const UserId &login, std::string_view presented) const
{
    QMessageAuthenticationCode code(QCryptographicHash::Sha256, m_key);
    code.addData(login.bytes());
    code.addData("\0", 1); // a userId holds none
    code.addData(presented.data(), qsizetype(presented.size()));
    return code.result();
}

/// Comparing need not take the same time for all: who does not know the key cannot choose proofs.
bool PasscodeChecks::isRemembered(const UserId &login, const QByteArray &proof) const
{
    const std::scoped_lock lock(m_mutex);
    return m_remembered.value(login) == proof;
}

void PasscodeChecks::finish(const Done &done, Outcome outcome)
{
    m_counters[outcome]->Increment();
    switch (outcome) {
    case Right:
    case Remembered:
        done(Result::Right);
        break;
    case Wrong:
        done(Result::Wrong);
        break;
    case Busy:
        done(Result::Busy);
        break;
    case Unwanted:
    case outcomeCount:
        break;
    }
}

} // namespace msgsrv
