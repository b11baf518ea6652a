// SPDX-License-Identifier: GPL-3.0-or-later
#include "admin-gui/ctl/client.h"

#include <utility>

namespace msgsrv::ctl {

namespace {

constexpr int patience = 30'000; // ms
constexpr int cannotConnect = 3;

tl::unexpected<Problem> lost(const QString &sentence)
{
    return tl::unexpected(Problem{cannotConnect, sentence});
}

} // namespace

tl::expected<void, Problem> Client::open(const QString &path)
{
    m_socket.connectToServer(path);
    if (!m_socket.waitForConnected(patience)) {
        return lost(
            QStringLiteral("The daemon cannot be reached at %1: %2. Is it running, and is --socket right?")
                .arg(path, m_socket.errorString()));
    }
    const auto hello = next(patience);
    if (!hello)
        return tl::unexpected(hello.error());
    if (hello->method != management::notification::hello)
        return lost(QStringLiteral("Nobody greets at %1: it is no messaging-server.").arg(path));
    const QJsonObject protocol = hello->params.value(u"protocol").toObject();
    if (protocol.value(u"major").toInt() != management::protocolMajor) {
        return lost(
            QStringLiteral("The daemon speaks version %1 of the protocol, and this program version %2.")
                .arg(protocol.value(u"major").toInt())
                .arg(management::protocolMajor));
    }
    const auto login = call(management::method::login,
                            {{QStringLiteral("scheme"), QStringLiteral("peer")},
                             {QStringLiteral("client"), QStringLiteral("messagingctl/" MSGSRV_VERSION)}});
    return login ? tl::expected<void, Problem>() : tl::unexpected(login.error());
}

tl::expected<QJsonObject, Problem> Client::call(const QString &method, const QJsonObject &params)
{
    const int id = ++m_lastId;
    m_socket.write(toLine(management::Request{id, method, params}));
    m_socket.flush();
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
        if (m_socket.bytesAvailable() == 0 && !m_socket.waitForReadyRead(timeoutMs)) {
            if (m_socket.state() == QLocalSocket::ConnectedState)
                return lost(timeoutMs == patience ? QStringLiteral("The daemon does not answer.")
                                                  : QString());
            return lost(QStringLiteral("The daemon closed the connection."));
        }
        m_bytes = m_socket.readAll();
    }
}

} // namespace msgsrv::ctl
