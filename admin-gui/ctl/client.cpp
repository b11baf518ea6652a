// SPDX-License-Identifier: GPL-3.0-or-later
#include "admin-gui/ctl/client.h"

#include <QLocalSocket>
#include <QSslSocket>

#include <utility>

namespace msgsrv::ctl {

namespace {

constexpr int patience = 30'000; // ms
constexpr int badUsage = 2;
constexpr int cannotConnect = 3;

tl::unexpected<Problem> lost(const QString &sentence)
{
    return tl::unexpected(Problem{cannotConnect, sentence});
}

} // namespace

tl::expected<void, Problem> Client::open(const QString &path)
{
    auto socket = std::make_unique<QLocalSocket>();
    QLocalSocket &local = *socket;
    m_device = std::move(socket);
    m_isConnected = [&local] { return local.state() == QLocalSocket::ConnectedState; };
    m_flush = [&local] { local.flush(); };
    local.connectToServer(path);
    if (!local.waitForConnected(patience)) {
        return lost(
            QStringLiteral("The daemon cannot be reached at %1: %2. Is it running, and is --socket right?")
                .arg(path, local.errorString()));
    }
    return enter(path, {{QStringLiteral("scheme"), QStringLiteral("peer")}});
}

tl::expected<void, Problem> Client::open(const console::TlsAccess &access)
{
    const auto login = access.login();
    const auto tls = access.configuration();
    if (!login || !tls)
        return tl::unexpected(Problem{badUsage, (tls ? login.error() : tls.error()) + u'.'});
    auto socket = std::make_unique<QSslSocket>();
    QSslSocket &remote = *socket;
    m_device = std::move(socket);
    m_isConnected = [&remote] { return remote.state() == QSslSocket::ConnectedState; };
    m_flush = [&remote] { remote.flush(); };
    remote.setSslConfiguration(*tls);
    remote.connectToHostEncrypted(access.host, access.port);
    if (!remote.waitForEncrypted(patience)) {
        return lost(QStringLiteral("The daemon cannot be reached at %1: %2.")
                        .arg(access.address(), remote.errorString()));
    }
    return enter(access.address(), *login);
}

tl::expected<void, Problem> Client::enter(const QString &where, QJsonObject parameters)
{
    const auto hello = next(patience);
    if (!hello)
        return tl::unexpected(hello.error());
    if (hello->method != management::notification::hello)
        return lost(QStringLiteral("Nobody greets at %1: it is no messaging-server.").arg(where));
    const QJsonObject protocol = hello->params.value(u"protocol").toObject();
    if (protocol.value(u"major").toInt() != management::protocolMajor) {
        return lost(
            QStringLiteral("The daemon speaks version %1 of the protocol, and this program version %2.")
                .arg(protocol.value(u"major").toInt())
                .arg(management::protocolMajor));
    }
    m_limits = hello->params.value(u"limits").toObject();
    parameters.insert(QStringLiteral("client"), QStringLiteral("messagingctl/" MSGSRV_VERSION));
    const auto login = call(management::method::login, parameters);
    return login ? tl::expected<void, Problem>() : tl::unexpected(login.error());
}

tl::expected<QJsonObject, Problem> Client::call(const QString &method, const QJsonObject &params)
{
    const int id = ++m_lastId;
    m_device->write(toLine(management::Request{id, method, params}));
    m_flush();
    while (true) {
        auto message = read(patience);
        if (!message)
            return tl::unexpected(message.error());
        if (auto *notification = std::get_if<management::Notification>(&*message)) {
            m_notifications.push_back(std::move(*notification));
        } else if (const auto *response = std::get_if<management::Response>(&*message)) {
            if (response->id.toInt() == id)
                return response->result.toObject();
        } else if (const auto *failure = std::get_if<management::Failure>(&*message)) {
            if (failure->id.toInt() != id)
                continue;
            QString sentence = failure->message;
            if (failure->data.contains(u"at"))
                sentence += QStringLiteral(" (at %1)").arg(failure->data.value(u"at").toInt());
            return tl::unexpected(Problem{1, sentence});
        }
    }
}

tl::expected<management::Notification, Problem> Client::next(int timeoutMs)
{
    while (m_notifications.empty()) {
        auto message = read(timeoutMs);
        if (!message) {
            if (message.error().sentence.isEmpty())
                return management::Notification{};
            return tl::unexpected(message.error());
        }
        if (auto *notification = std::get_if<management::Notification>(&*message))
            m_notifications.push_back(std::move(*notification));
    }
    management::Notification first = std::move(m_notifications.front());
    m_notifications.pop_front();
    return first;
}

/// An empty sentence: nothing came in time.
tl::expected<management::Message, Problem> Client::read(int timeoutMs)
{
    while (true) {
        std::string_view rest(m_bytes.constData(), std::size_t(m_bytes.size()));
        const auto event = m_framer.next(rest);
        if (std::holds_alternative<management::LineFramer::TooLong>(event))
            return lost(QStringLiteral("The daemon sent a line that is too long."));
        if (const auto *line = std::get_if<management::LineFramer::Line>(&event)) {
            auto message = management::parseMessage(line->text);
            m_bytes = QByteArray(rest.data(), qsizetype(rest.size()));
            if (!message)
                return lost(QStringLiteral("The daemon sent something that is no message."));
            return *std::move(message);
        }
        m_bytes.clear();
        if (m_device->bytesAvailable() == 0 && !m_device->waitForReadyRead(timeoutMs)) {
            if (m_isConnected())
                return lost(timeoutMs == patience ? QStringLiteral("The daemon does not answer.")
                                                  : QString());
            return lost(QStringLiteral("The daemon closed the connection."));
        }
        m_bytes = m_device->readAll();
    }
}

} // namespace msgsrv::ctl
