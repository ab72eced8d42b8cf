"""One HTML page without anything outside it: headings, tables, pictures."""
import base64
import html

import cv2
import numpy as np

STYLE = """
body{font:15px/1.45 system-ui,sans-serif;margin:2rem auto;max-width:1080px;padding:0 1rem;color:#222}
h1{font-size:1.6rem}h2{margin-top:2.5rem;border-bottom:1px solid #ccc}p{max-width:46rem}
table{border-collapse:collapse;margin:1rem 0;font-variant-numeric:tabular-nums}
th,td{padding:.2rem .7rem;border-bottom:1px solid #e4e4e4;text-align:right}
th:first-child,td:first-child,td.text{text-align:left}th{font-weight:600;vertical-align:bottom}
tr.ours td{font-weight:600}td.bad{background:#fbe3df}td.good{background:#e4f3e3}
.row{display:flex;gap:6px;margin:.3rem 0 1.1rem}.row figure{margin:0}.row img{display:block;width:100%}
figure{flex:1}figcaption{font-size:.8rem;color:#555}h3{margin:1.2rem 0 .2rem;font-size:1rem}
"""


class Page:
    def __init__(self, title):
        self.title, self.parts = title, [f"<h1>{html.escape(title)}</h1>"]

    def heading(self, text, level=2):
        self.parts.append(f"<h{level}>{html.escape(text)}</h{level}>")

    def text(self, text):
        self.parts.append(f"<p>{html.escape(text)}</p>")

    def table(self, head, rows, ours=()):
        """Cells are text, or (text, class). `ours`: indices of the rows to stress."""
        def cell(c):
            text, kind = c if isinstance(c, tuple) else (c, "")
            return f'<td class="{kind}">{html.escape(str(text))}</td>' if kind else f"<td>{html.escape(str(text))}</td>"
        self.parts.append("<table><tr>" + "".join(f"<th>{html.escape(h)}</th>" for h in head) + "</tr>")
        for i, row in enumerate(rows):
            self.parts.append(f'<tr{" class=ours" if i in ours else ""}>' + "".join(cell(c) for c in row) + "</tr>")
        self.parts.append("</table>")

    def pictures(self, pictures, width=340, quality=78):
        """A row of (caption, RGB picture)."""
        self.parts.append('<div class="row">')
        for caption, picture in pictures:
            height = round(picture.shape[0] * width / picture.shape[1])
            small = cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA)
            _, data = cv2.imencode(".jpg", np.ascontiguousarray(small[..., ::-1]), [cv2.IMWRITE_JPEG_QUALITY, quality])
            self.parts.append(f'<figure><img alt="{html.escape(caption)}" src="data:image/jpeg;base64,'
                              f'{base64.b64encode(data).decode()}"><figcaption>{html.escape(caption)}</figcaption></figure>')
        self.parts.append("</div>")

    def write(self, path):
        path.write_text(f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{html.escape(self.title)}</title>'
                        f"<style>{STYLE}</style>\n" + "\n".join(self.parts) + "\n</html>\n")
