// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "admin-gui/client/connection.h"
#include "admin-gui/models/flowmodel.h"
#include "admin-gui/widgets/glyph.h"

#include <QByteArray>
#include <QWidget>

namespace msgsrv::console {

enum class PageId { Overview, Sessions, Session, Flow, Queues, Connections, Charts, Log, Destinations };

/// Where to go, and what to show there.
struct Link
{
    PageId page = PageId::Overview;
    QString filter{};
    QString user{}; ///< for the Session page
};

/// What all pages share.
struct PageContext
{
    Connection &connection;
    FlowModel &flow;
};

/// One page of the console. A page that is not shown costs the server nothing.
class Page : public QWidget
{
    Q_OBJECT

public:
    Page(PageContext context, QWidget *parent)
        : QWidget(parent)
        , m_context(context)
    { }

    [[nodiscard]] virtual PageId id() const = 0;
    [[nodiscard]] virtual QString title() const = 0;
    [[nodiscard]] virtual Glyph glyph() const = 0;
    virtual void setActive(bool active) = 0;
    virtual void go(const Link &) { }
    virtual void focusFilter() { }
    /// All that it asked for has come; for screenshots and tests.
    [[nodiscard]] virtual bool isSettled() const { return true; }
    /// Column layouts and choices; an empty one is the first state.
    [[nodiscard]] virtual QByteArray layoutState() const { return {}; }
    virtual void restoreLayout(const QByteArray &) { }

signals:
    void linkActivated(const msgsrv::console::Link &link);
    void said(const QString &sentence); ///< for the status bar

protected:
    [[nodiscard]] Connection &connection() const { return m_context.connection; }
    [[nodiscard]] FlowModel &flow() const { return m_context.flow; }

private:
    PageContext m_context;
};

/// The sentence for an action that is not possible now, or empty when it is.
[[nodiscard]] QString whyNot(const Connection &connection, const QString &method);
/// Puts @p text on the clipboard.
void copyText(const QString &text);

} // namespace msgsrv::console
