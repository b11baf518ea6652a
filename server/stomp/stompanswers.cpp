// SPDX-License-Identifier: GPL-3.0-or-later
//
// What others answer to the frames that a client sent.
#include "server/stomp/replies.h"
#include "server/stomp/stompconnection.h"
#include "server/stomp/subscriberequest.h"
#include "shared/base/log.h"
#include "shared/signaling/closecodes.h"

#include <QLoggingCategory>

namespace msgsrv {

namespace {

Q_LOGGING_CATEGORY(lcStomp, "msgsrv.stomp", QtInfoMsg)

} // namespace

bool StompConnection::attached(const tl::expected<AttachedSession, AttachRefusal> &result,
                               const QByteArray &login)
{
    if (m_state != State::Attaching)
        return false;
    if (!result) {
        if (result.error() == AttachRefusal::BadCredentials)
            refuseCredentials(login, "login and passcode are not those of a session.");
        else
            fail({CloseCode::GoingAway, "server is draining",
                  "The server takes no new connections now; try again."});
        return true;
    }

    m_session = *result;
    m_outbox.keepUnwritten(result->resumeWindow > Duration::zero());
    connected();
    return true;
}

void StompConnection::passcodeChecked(const Account &account, PasscodeChecks::Result result)
{
    if (m_state != State::Attaching)
        return;
    switch (result) {
    case PasscodeChecks::Result::Right:
        m_account = &account;
        connected();
        break;
    case PasscodeChecks::Result::Wrong:
        refuseCredentials(account.login.bytes(), "login and passcode are not those of an account.");
        break;
    case PasscodeChecks::Result::Busy:
        fail({CloseCode::TryAgainLater, "too many logins",
              "The server has too many passcodes to check now; try again."});
        break;
    }
}

Principal StompConnection::principal() const
{
    if (m_account)
        return {m_account->login, {}, true, m_account->access};
    return {m_session->userId, m_session->key, false, m_settings.users};
}

void StompConnection::connected()
{
    m_user = m_with.limits.keyOf(principal().name);
    m_state = State::Connected;
    m_deadline.reset();
    m_parser.setLimits(parserLimits(m_settings, LoginState::After));
    m_connection.setMessageLimit(frameLimit(m_settings, LoginState::After));
    m_heartBeat.start(m_wish, m_now);
    log::debug(lcStomp(), "stomp.connected",
               {{"connection", quint64(m_connection.id())},
                {"user", principal().name.bytes()},
                {"version", toString(m_version)}});
    reply::Connected facts{m_heartBeat.header(), QByteArray::number(quint64(m_connection.id())),
                           m_settings.server, principal().name};
    if (m_session && m_session->resumeWindow > Duration::zero()) {
        facts.resumeWindow = std::chrono::floor<milliseconds>(m_session->resumeWindow);
        facts.resumed = m_session->resumed;
    }
    write(reply::connected(m_version, facts));
    resume();
}

void StompConnection::subscribedShared(std::uint64_t subscription, Destinations::SubscribeResult result,
                                       const std::optional<std::string> &receiptId)
{
    --m_sharedSubscribing;
    if (m_state != State::Connected || !m_subscriptions.find(subscription))
        return;
    if (result != Destinations::SubscribeResult::Subscribed) {
        fail(notSubscribed(result, receiptId));
        return;
    }
    writeReceipt(receiptId);
    deliver();
    resume();
}

void StompConnection::subscribed(bool success, const std::optional<std::string> &receiptId)
{
    if (m_queue != Queue::Subscribing)
        return;
    if (!success) {
        m_queue = Queue::None;
        fail({CloseCode::SessionEnded, "queue unavailable",
              "The session is over, or its queue cannot be made now.", receiptId});
        return;
    }
    m_queue = Queue::Subscribed;
    m_outbox.open(m_session->key);
    writeReceipt(receiptId);
    // A notice that came before this answer was not listened to.
    deliver();
    resume();
}

void StompConnection::relayed(const PendingSend &pending, const std::optional<Problem> &problem)
{
    --m_sendsInFlight;
    if (m_state != State::Connected && m_state != State::Disconnecting)
        return;
    if (problem)
        tellUndeliverable(pending, *problem);
    else
        writeReceipt(pending.receiptId);
    finishPart(pending.commit);
    if (m_state == State::Disconnecting && m_sendsInFlight == 0)
        finishDisconnect();
    else
        resume();
}

} // namespace msgsrv
