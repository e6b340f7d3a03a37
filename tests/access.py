"""What the tests of access know by name: doors open to everyone, views with units of their own, doors to one object."""

from collections.abc import Mapping

PUBLIC: Mapping[str, str] = {
    "hooks.probe": "A self-test calls it from outside; it says only that it is here.",
    "enterprise.account": "It asks for a session itself and shows what is its holder's.",
    "enterprise.change_password": "It asks for a session itself, and for the present password.",
    "enterprise.choose": "It asks for a session itself, and lets nobody choose but among one's own companies.",
    "enterprise.companies": "It asks for a session itself, and lists one's own companies.",
    "enterprise.end_other_sessions": "It asks for a session itself and ends its holder's alone.",
    "enterprise.end_session": "It asks for a session itself and ends its holder's alone.",
    "enterprise.invitation": "Whoever holds the signed link from a mailbox.",
    "enterprise.join": "Whoever holds the signed link from a mailbox, once, and has or makes that address's account.",
    "enterprise.login": "The way in.",
    "enterprise.sign_in": "The way in.",
    "enterprise.sign_out": "The way out; without a session it ends nothing.",
    "hooks.unsubscribe": "Whoever holds the signed link from a letter; it ends what its reader can do without.",
    "shop.in_mini": "Whoever holds the signed pass that an order's page gave its owner; it shows nothing.",
    "shop.tell_in_mini": "A mini program, with such a pass and a login code; it is told no more than what to allow.",
    "shop.ways": "Whoever holds the signed link from a message; it tells nobody which contact that is.",
    "shop.choose_ways": "Whoever holds the signed link from a message, for that contact and channel alone.",
    "hooks.probe_receipts": "A self-test calls it from outside; it says only that it is here.",
    "hooks.receipts": "Carriers; an unguessable address, and what they tell is about messages that they took.",
    "hooks.notice": "Gateways; an unguessable address, and the notice is signed.",
    "office.account": "It asks for a session itself and shows what is its holder's; an account belongs to no shop.",
    "office.ask_reset": "Whoever forgot a password cannot be signed in; the answer tells nothing.",
    "office.change_password": "It asks for a session itself, and for the present password.",
    "office.choose_password": "Whoever holds the signed link from a mailbox.",
    "office.end_other_sessions": "It asks for a session itself and ends its holder's alone.",
    "office.end_session": "It asks for a session itself and ends its holder's alone.",
    "office.login": "The way in.",
    "office.reset": "Whoever forgot a password cannot be signed in.",
    "office.reset_password": "Whoever holds the signed link from a mailbox, once.",
    "office.reset_sent": "It says the same to everyone.",
    "office.sign_in": "The way in.",
    "office.sign_out": "The way out; without a session it ends nothing.",
    "office.start": "It asks for a session itself, and lists one's own shops; there is no shop to have a role in yet.",
    "platform.enterprise_preferences": "Language and theme of the browser that asks.",
    "platform.healthz": "Balancers ask it.",
    "platform.office_preferences": "Language and theme of the browser that asks.",
    "platform.preferences": "Language and theme of the browser that asks.",
    "platform.readyz": "Balancers ask it; it names no cause that helps an attacker.",
    "shop.ask_code": "Whoever lost an order's password; the code goes to its contact, and the answer tells nothing.",
    "shop.ask_help": "The browser that placed the order, or one that proved itself; others are led to its page.",
    "shop.ask_link": "Whoever lost a link; it goes to the order's own contact, and the answer tells nothing.",
    "shop.cancel": "The browser that placed the order, proven by its device token.",
    "shop.card": "Whoever holds the signed card; it names goods and shop alone.",
    "shop.category": "The shelf.",
    "shop.check": "Whoever holds the signed token may have the gateway asked.",
    "shop.covers": "The shelf's pictures.",
    "shop.departments": "The shelf.",
    "shop.device": "Whoever holds the signed token; it draws that address.",
    "shop.code_asked": "It says the same to everyone.",
    "shop.as_gift": "The browser that asks is shown nothing unasked.",
    "shop.campaign": "Whoever has the link of a campaign; it shows what is given away.",
    "shop.come": "Whoever has the link of a campaign, within its limits for each person.",
    "shop.gift": "Whoever holds the signed link; the code stays masked.",
    "shop.ask_gift_help": "The browser that claimed the gift; others are led to its page.",
    "shop.fix_gift": "The browser that claimed the gift; others are led to its page.",
    "shop.gift_trouble": "The browser that claimed the gift; others are led to its page.",
    "shop.gift_voucher": "The browser that claimed the gift, or proved itself last for it.",
    "shop.solve_gift_trouble": "The browser that claimed the gift; others are led to its page.",
    "shop.tell_gift_trouble": "The browser that claimed the gift; others are led to its page.",
    "shop.gift_qr": "Whoever holds the signed link is shown it as a picture.",
    "shop.exchange": "The browser that placed the order, or one that proved itself; others are led to its page.",
    "shop.make_exchange": "The browser that placed the order, or one that proved itself.",
    "shop.give": "The browser that placed the order, or one that proved itself; others are led to its page.",
    "shop.give_on": "The browser that claimed the gift; others are led to its page.",
    "shop.make_gift": "The browser that placed the order, or one that proved itself.",
    "shop.make_gift_on": "The browser that claimed the gift.",
    "shop.open_gift": "The browser that claimed the gift, or proved itself last for it.",
    "shop.prove_gift": "Whoever holds the signed link and knows the word of who claimed it.",
    "shop.return_gift": "The browser that placed the order, or one that proved itself.",
    "shop.return_gift_on": "The browser that claimed the gift.",
    "shop.take_gift": "Whoever holds the signed link, once, with the giver's word where there is one.",
    "shop.claim": "Whoever holds the signed link; the code stays masked.",
    "shop.door": "Whoever holds the signed link; codes stay masked.",
    "shop.fix": "The browser that placed the order, or one that proved itself; others are led to its page.",
    "shop.find_code": "Whoever knows a code, all of it; guesses are counted.",
    "shop.forget": "The browser that asks, by its device token.",
    "shop.help": "How the shop works and is reached.",
    "shop.home": "The shelf.",
    "shop.link_asked": "It says the same to everyone.",
    "shop.look_up": "Whoever knows an order's password; the answer tells nothing else.",
    "shop.lookup": "Whoever looks for an order.",
    "shop.lost_link": "Whoever lost a link.",
    "shop.mail_link": "Whoever holds the signed token; the link goes to the order's own contact.",
    "shop.mark": "The shop's own mark.",
    "shop.named": "The browser that pressed pay just now, come back from WeChat with its own nonce.",
    "shop.no_password": "Whoever lost an order's password.",
    "shop.open_claim": "The browser that proved itself last for this claim.",
    "shop.my_wallet": "It asks for a member itself and shows what is theirs.",
    "shop.top_wallet_up": "It asks for a member itself; nothing is theirs before it is paid.",
    "shop.pay_from_wallet": "Whoever holds the signed token, and is a member, pays with their own money.",
    "shop.order": "Whoever holds the signed token; codes stay masked.",
    "shop.orders": "The orders of the browser that asks, by its device token.",
    "shop.pay": "Whoever holds the signed token may pay.",
    "shop.picture": "Pictures of products; they are shown to everyone.",
    "shop.place": "Everyone may buy.",
    "shop.product": "The shelf.",
    "shop.prove_by_code": "Whoever reads the contact's mailbox, in the browser that asked, where the shop allows it.",
    "shop.prove_at_door": "Whoever holds the signed link and knows the order's password.",
    "shop.put_away": "The browser that asks has read the notice.",
    "shop.qr": "Whoever holds the signed token may pay.",
    "shop.prove_claim": "Whoever holds the signed link and knows the person's reference or word.",
    "shop.redeem": "Whoever wants to know what a code is good for.",
    "shop.reminder": "The browser that placed the order, or one that proved itself; there is no code in it.",
    "shop.reveal": "The browser that placed the order, proven by its device token.",
    "shop.reveal_at_door": "A browser that proved itself at a link of the order, or placed it.",
    "shop.save": "The browser that placed the order, or one that proved itself, as for a look.",
    "shop.small_picture": "Pictures of products; they are shown to everyone.",
    "shop.sign_out": "The browser that asks, by its device token.",
    "shop.solve_trouble": "The browser that placed the order, or one that proved itself.",
    "shop.status": "Whoever holds the signed token; codes stay masked.",
    "shop.tell_trouble": "The browser that placed the order, or one that proved itself.",
    "shop.trouble": "The browser that placed the order, or one that proved itself; others are led to its page.",
    "shop.tell_transfer": "Whoever holds the signed token may say that money was sent.",
    "shop.tell_in_wechat": "The browser that placed the order, where WeChat has just named its person.",
    "shop.ticket": "Whoever knew the code, or proved a claim, in the last quarter of an hour.",
    "shop.use": "The browser that placed the order, or one that proved itself.",
    "shop.use_own": "The browser that placed the order, or one that proved itself.",
    "shop.use_ticket": "Whoever knew the code, or proved a claim, in the last quarter of an hour.",
    "shop.add_contact": "It asks for a member's session itself; the digits go to the address that is typed.",
    "shop.ask_digits": "The way in; digits go to the address that is typed, and the answer tells nothing.",
    "shop.change_language": "It asks for a member's session itself and changes its holder's account.",
    "shop.delete_account": "It asks for a member's session itself and deletes its holder's account.",
    "shop.digits_asked": "It shows the mask of an address to the browser that typed it.",
    "shop.end_all_sessions": "It asks for a member's session itself and ends its holder's.",
    "shop.end_session": "It asks for a member's session itself and ends its holder's alone.",
    "shop.inbox": "It asks for a member's session itself and shows what is its holder's.",
    "shop.leaving": "It asks for a member's session itself.",
    "shop.me": "It asks for a member's session itself and shows what is its holder's.",
    "shop.my_account": "It asks for a member's session itself and shows what is its holder's.",
    "shop.my_orders": "It asks for a member's session itself and shows what is its holder's.",
    "shop.read_inbox": "It asks for a member's session itself and marks its holder's messages.",
    "shop.remove_contact": "It asks for a member's session itself and removes its holder's alone.",
    "shop.reveal_thing": "It asks for a member's session itself, and for what proves the order.",
    "shop.sign_in": "The way in: whoever has the digits, in the browser that asked for them.",
    "shop.sign_member_out": "The way out; without a session it ends nothing.",
    "shop.thing": "It asks for a member's session itself; the code stays masked.",
    "shop.welcome": "The way in.",
    "shop.voucher": "The browser that placed the order, or one that proved itself, as for a look.",
    "static": "Files that everyone may read.",
}
OWN_UNITS: Mapping[str, str] = {
    "enterprise.account": "Sessions are the platform's.",
    "enterprise.change_password": "Hashing is slow on purpose and stays outside of units.",
    "enterprise.choose": "It asks the database nothing.",
    "enterprise.companies": "It asks the database nothing.",
    "enterprise.confirm": "A count that changed is committed before it is refused; the work has units of its own.",
    "enterprise.end_other_sessions": "Sessions are the platform's.",
    "enterprise.end_session": "Sessions are the platform's.",
    "enterprise.extract_again": "A password is hashed, and looks are committed before codes are opened.",
    "enterprise.extract_codes": "A password is hashed, and looks are committed before codes are opened.",
    "enterprise.export": "A file is streamed, one unit a page.",
    "enterprise.export_bulk": "A file is streamed, one unit a page.",
    "enterprise.export_handout": "A file is streamed, one unit a page.",
    "enterprise.invitation": "It is shown again after a refusal, outside of units.",
    "enterprise.join": "Hashing is slow on purpose and stays outside of units.",
    "enterprise.login": "It asks the database nothing.",
    "enterprise.draft_handout_file": "A file is read as it comes in, before the unit that keeps it.",
    "enterprise.cancel_payment": "It waits for gateways outside of units.",
    "enterprise.check_payment": "It waits for gateways outside of units.",
    "enterprise.pay": "A payment is started outside of units, after the commit.",
    "enterprise.redeem_batch": "A list is taken in by many units.",
    "enterprise.redeem_file": "A list is taken in by many units.",
    "enterprise.redeem_pasted": "A list is taken in by many units.",
    "enterprise.sign_in": "Hashing is slow on purpose and stays outside of units.",
    "enterprise.sign_out": "Sessions are the platform's.",
    "hooks.notice": "It finds its merchant first, and reads the notice before it writes.",
    "hooks.probe": "It finds its merchant first.",
    "hooks.unsubscribe": "It finds its merchant first.",
    "hooks.probe_receipts": "It finds its merchant first.",
    "hooks.receipts": "It finds its merchant first, and reads the receipts before it writes.",
    "office.add_carrier": "A password is hashed outside of units.",
    "office.change_carrier": "A password is hashed outside of units.",
    "office.remove_carrier": "A password is hashed outside of units.",
    "office.try_carrier": "A carrier is asked outside of units.",
    "office.send_trial": "A carrier is asked outside of units.",
    "office.add_payment": "A password is hashed outside of units.",
    "office.change_payment_account": "A password is hashed outside of units.",
    "office.ask_about_notice": "A gateway is asked outside of units.",
    "office.try_payment": "A gateway is asked outside of units.",
    "office.account": "Sessions are the platform's.",
    "office.add_proof": "A paper is read as it comes in, before the unit that keeps it.",
    "office.ask_reset": "Password resets are the platform's.",
    "office.change_codes": "Codes are changed by a task in many units.",
    "office.change_password": "Hashing is slow on purpose and stays outside of units.",
    "office.choose_password": "Password resets are the platform's.",
    "office.end_other_sessions": "Sessions are the platform's.",
    "office.end_session": "Sessions are the platform's.",
    "office.begin_import": "The decision is committed before the import begins, in many units.",
    "office.check_import": "The columns are committed before the check begins, in many units.",
    "office.generate": "Codes are made by a task in many units.",
    "office.move": "Codes are moved by a task in many units.",
    "office.export_bill_lines": "A file is streamed, one unit a page.",
    "office.fetch_bill": "A gateway is asked outside of units.",
    "office.upload_bill": "A file is read as it comes in, in many units.",
    "office.export_batches": "A file is streamed, one unit a page.",
    "office.export_codes": "A file is streamed, one unit a page.",
    "office.export_orders": "A file is streamed, one unit a page.",
    "office.export_staged": "A file is streamed, one unit a page.",
    "office.export_entitlements": "A file is streamed, one unit a page.",
    "office.export_redemption": "A file is streamed after its counts were read.",
    "office.ask_export": "A password is hashed outside of units.",
    "office.decide_export": "A password is hashed outside of units.",
    "office.take_export": "A password is hashed, and reveals are committed before codes are opened.",
    "office.export_turnover": "A file is streamed after its counts were read.",
    "office.export_uses": "A file is streamed, one unit a page.",
    "office.import_file": "An upload is staged and imported in many units.",
    "office.login": "It asks the database nothing.",
    "office.look_at_migration": "A file is looked at in many units that read.",
    "office.resend": "Messages are sent again by a task in many units.",
    "office.recall_batch": "Codes are changed by a task in many units.",
    "office.redeem": "Scans that come at the same moment are redeemed in one unit.",
    "office.release_batch": "Codes are changed by a task in many units.",
    "office.remove_cover": "It shows the pictures as they are after its commit.",
    "office.remove_logo": "It shows the logo as it is after its commit.",
    "office.remove_step": "It shows the pictures as they are after its commit.",
    "office.report": "Looking is a unit that is given up; recording is another.",
    "office.reset": "It asks the database nothing.",
    "office.reset_password": "Hashing is slow on purpose and stays outside of units.",
    "office.reset_sent": "It asks the database nothing.",
    "office.save_batch": "Codes follow their batch by a task in many units.",
    "office.sign_in": "Hashing is slow on purpose and stays outside of units.",
    "office.sign_out": "Sessions are the platform's.",
    "office.stage_file": "An upload is staged in many units.",
    "office.take_migration": "A file is taken over in many units.",
    "office.start": "It looks into each shop of its own.",
    "office.undo_batch": "Codes are changed by a task in many units.",
    "office.upload_cover": "A picture is made anew outside of units.",
    "office.upload_logo": "A picture is made anew outside of units.",
    "office.upload_wording_picture": "A picture is made anew outside of units.",
    "office.remove_wording_picture": "It shows the pictures as they are after its commit.",
    "office.upload_step": "A picture is made anew outside of units.",
    "platform.enterprise_preferences": "It asks the database nothing.",
    "platform.healthz": "It must answer while the database does not.",
    "platform.office_preferences": "It asks the database nothing.",
    "platform.preferences": "It asks the database nothing.",
    "platform.readyz": "It looks at the database from outside.",
    "shop.tell_in_mini": "WeChat is asked whose login code it is outside of any unit.",
    "shop.tell_in_wechat": "Whom WeChat named is opened in a unit of its own.",
    "shop.cancel": "It commits before gateways are told.",
    "shop.check": "It commits before gateways are asked.",
    "shop.find_code": "A wrong try is committed before it is refused.",
    "shop.come": "Who is given nothing is counted after the unit that refused; a wrong try is committed.",
    "shop.gift_voucher": "The look is committed before the code is opened.",
    "shop.open_gift": "The look is committed before the code is opened.",
    "shop.prove_gift": "A wrong try is committed before it is refused.",
    "shop.take_gift": "A wrong try is committed before it is refused.",
    "shop.look_up": "A wrong try is committed before it is refused.",
    "shop.open_claim": "The look is committed before the code is opened.",
    "shop.named": "WeChat is asked who pays outside of any unit, then the payment starts as in shop.pay.",
    "shop.pay": "Checkout commits before the payment starts.",
    "shop.place": "Forms that are sent at the same moment are placed in one unit.",
    "shop.prove_by_code": "A wrong try is committed before it is refused.",
    "shop.prove_at_door": "A wrong try is committed before it is refused.",
    "shop.put_away": "It asks the database nothing.",
    "shop.prove_claim": "A wrong try is committed before it is refused.",
    "shop.reveal": "The reveal is committed before the code is opened.",
    "shop.reveal_at_door": "The reveal is committed before the code is opened.",
    "shop.save": "The look is committed before the codes are opened.",
    "shop.sign_in": "A wrong try is committed before it is refused.",
    "shop.reveal_thing": "The reveal is committed before the code is opened.",
    "shop.voucher": "The look is committed before the codes are opened.",
    "shop.tell_transfer": "A proof is read and made anew outside of units.",
}
OBJECTS = {"office.order", "office.product", "office.batch"} | {
    f"office.{action}"
    for action in "refund send_back dismiss retry ask_again send_again dismiss_message send_link revoke_links".split()
}

OBJECTS |= {f"office.{action}_category" for action in "rename move drop".split()} | {"office.move_product"}

OBJECTS |= {f"office.{action}_{what}" for action in ("upload", "remove") for what in ("cover", "step")}

OBJECTS |= {"office.payment", "office.change_payment_terms", "office.change_payment_account", "office.switch_payment"}

OBJECTS |= {"office.ask_about_notice", "office.raise_payment", "office.try_payment"}

OBJECTS |= {f"office.{name}" for name in "transfer confirm_transfer reject_transfer take_transfer_proof".split()}

OBJECTS |= {"office.wallet", "office.correct_wallet"}

OBJECTS |= {"office.decide_export", "office.take_export"}

OBJECTS |= {"office.company"} | {
    f"office.{action}"
    for action in "change_company close_company reopen_company top_up pay_out order_for_company invite_member"
    " revoke_member_invite send_member_invite_again change_member_role end_company_member".split()
}

OBJECTS |= {f"shop_at.{action}" for action in "reveal check cancel door prove_at_door reveal_at_door".split()}

OBJECTS |= {f"office.{action}" for action in "rule set_rule drop_rule close_place roll_back".split()}

OBJECTS |= {f"shop_at.{action}" for action in "ticket use_ticket use use_own claim prove_claim open_claim".split()}

OBJECTS |= {
    f"office.{action}"
    for action in "sku_stock change_strategy set_limits set_lane drop_lane set_walks move_codes set_clearance".split()
}

OBJECTS |= {"office.code", "office.change", "office.cancel_change", "office.add_proof", "office.download_proof"}

OBJECTS |= {"office.moved", "office.cancel_move", "office.cancel_generation"}

OBJECTS |= {f"office.{verb}_code" for verb in "freeze unfreeze void restore replace put_back".split()}

OBJECTS |= {f"office.{verb}_batch" for verb in "edit save recall release undo".split()}

OBJECTS |= {f"office.{action}" for action in "supply add_shared freeze_shared".split()}

OBJECTS |= {f"office.set_{what}" for what in "pattern contents release".split()}

OBJECTS |= {f"office.{action}" for action in "chore take_chore leave_chore finish_chore give_up_chore".split()}

OBJECTS |= {
    f"office.{action}"
    for action in "staged check_import checked_import staged_rows export_staged begin_import drop_import"
    " cancel_import drop_view".split()
}

OBJECTS |= {f"office.{action}_line" for action in "count return explain".split()}

OBJECTS |= {"office.send_top_up_back"}

OBJECTS |= {"office.send_by_other", "office.resent", "office.cancel_resend"}

MACHINES = {
    "hooks.notice",
    "hooks.receipts",
    "hooks.unsubscribe",
    "shop.tell_in_mini",
}  # no browser, no cookie, nothing that could be forged across sites

OBJECTS |= {f"office.{action}" for action in "refund_form give_back_by_hand notice match_notice accept_notice".split()}

OBJECTS |= {"office.member", "office.sign_member_out"}

OBJECTS |= {f"shop_at.{action}" for action in "thing reveal_thing remove_contact end_session".split()}
OBJECTS |= {f"office.{verb}_carrier" for verb in "change switch mend raise try rename remove".split()}
OBJECTS |= {"office.carrier", "office.carrier_removal", "office.change_carrier_address"}

OBJECTS |= {"office.carrier_template", "office.change_carrier_template", "office.send_trial"}
