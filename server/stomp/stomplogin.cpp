// SPDX-License-Identifier: GPL-3.0-or-later
//
// CONNECT, for a session's user and for an account.
#include "server/stomp/stompconnection.h"

#include <string_view>
#include <utility>

namespace msgsrv {

void StompConnection::connect(const stomp::Frame &frame)
{
    auto request = ConnectRequest::parse(frame);
    if (!request) {
        fail(request.error());
        return;
    }
    m_version = request->version;
    m_parser.setVersion(m_version);
    if (request->login.isEmpty() || request->passcode.isNull()) {
        refuseCredentials(request->login, "CONNECT needs the headers login and passcode.");
        return;
    }

    if (const Account *account = findAccount(
            m_settings.accounts, {request->login.constData(), std::size_t(request->login.size())})) {
        connectAccount(*account, *request);
        return;
    }

    m_state = State::Attaching;
    m_wish = request->heartBeat;
    const ConnectionId id = m_connection.id();
    m_with.sessions.attach(
        {id, request->login, request->passcode, request->resume},
        [self = m_self, id, login = request->login, &sessions = m_with.sessions,
         &ioThread = m_with.ioThread](tl::expected<AttachedSession, AttachRefusal> result) {
            ioThread.run([self, id, login, &sessions, result = std::move(result)] {
                const bool wanted = *self && (*self)->attached(result, login);
                if (!wanted && result)
                    sessions.connectionClosed(result->key, id, ConnectionEnd::Broken);
            });
        });
}

void StompConnection::connectAccount(const Account &account, const ConnectRequest &request)
{
    m_state = State::Attaching;
    m_wish = request.heartBeat;
    const QByteArray &secret = request.passcode.secret();
    const std::string_view passcode(secret.constData(), std::size_t(secret.size()));
    if (!account.hash) {
        passcodeChecked(account,
                        isPasscode(account, passcode) ? PasscodeChecks::Result::Right
                                                      : PasscodeChecks::Result::Wrong);
        return;
    }
    m_with.passcodes.check(
        account, passcode, m_address, m_self,
        [self = std::weak_ptr(m_self), &account, &ioThread = m_with.ioThread](PasscodeChecks::Result result) {
            ioThread.run([self, &account, result] {
                const auto alive = self.lock();
                if (alive && *alive)
                    (*alive)->passcodeChecked(account, result);
            });
        });
}

} // namespace msgsrv
