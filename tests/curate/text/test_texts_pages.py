"""Pages as editors, forums and highlighters of code write them: what a browser shows of them stays, and what it does not show goes."""

import pytest

from tests.curate.text.texts import clean, text

ASK = "<p>무슨 뜻인가요?</p>"
NUMBERED = (  # two cells: numbers of lines, and code whose white space is kept by style
    '<table class="colorscripter-code-table"><tr><td style="padding:6px"><div><div style="line-height:130%">1</div><div>2</div></div></td>'
    '<td><div style="margin:0"><div style="white-space:pre; line-height:130%"><span>int</span>&nbsp;main()&nbsp;{</div>'
    '<div style="white-space:pre;">&nbsp;&nbsp;<span>return</span>&nbsp;0;&nbsp;}</div></div></td>'
    '<td><a href="http://colorscripter.com/info#e"><span>cs</span></a></td></tr></table>'
)


@pytest.mark.parametrize(
    ("markup", "expected"),
    [
        ('<div class="se-code-source"><div class="__se_code_view language-js">f() {\n  return 1;\n}</div></div>', "f() {\n  return 1;\n}"),
        ('<div style="white-space: pre-wrap;">if a:\n    b()</div>', "if a:\n    b()"),
        ('<p style="white-space: pre-line">첫   줄\n둘째 줄</p>', "첫 줄\n둘째 줄"),
        ('<p><span style="white-space: nowrap">한   줄\n글</span></p>', "한 줄 글"),
        (NUMBERED, "int main() {\n  return 0; }"),
        (
            '<div class="syntaxhighlighter"><table><tr><td class="gutter"><div class="line">1</div><div class="line">2</div></td>'
            '<td><div class="line"><code class="java keyword">class</code> <code>A {</code></div>'
            '<div class="line"><code class="java spaces">&nbsp;&nbsp;</code><code>}</code></div></td></tr></table></div>',
            "class A {\n  }",
        ),
        (
            '<table class="crayon-table"><tr><td class="crayon-nums"><div>1</div><div>2</div></td><td class="crayon-code">'
            '<div class="crayon-pre"><div class="crayon-line"><span>x</span><span> = </span><span>1</span></div>'
            '<div class="crayon-line">y = 2</div></div></td></tr></table>',
            "x = 1\ny = 2",
        ),
        (
            '<pre class="prettyprint"><ol class="linenums"><li class="L0"><span>int</span> a;</li><li class="L1">  b();</li></ol></pre>',
            "```\nint a;\n  b();\n```",
        ),
        ("<code>a = 1<br>b = 2</code>", "```\na = 1\nb = 2\n```"),
        ('<pre><div class="a"><button>Copy code</button></div><div class="b"><code>x = 1\n</code></div></pre>', "```\nx = 1\n```"),
        ('<pre><code>ls</code></pre><button aria-label="복사" type="button"><svg></svg></button>', "```\nls\n```"),
        ("<pre><ul>\n<li>가</li>\n</ul></pre>", "```\n<ul>\n<li>가</li>\n</ul>\n```"),
    ],
)
def test_code_keeps_its_lines_and_loses_what_stands_beside_it(markup, expected):
    assert text(markup + ASK) == f"{expected}\n\n무슨 뜻인가요?"


@pytest.mark.parametrize(
    ("markup", "expected"),
    [
        ('<tr><td rowspan="2">A</td><td>1</td></tr><tr><td>2</td></tr>', "A\t1\n\t2"),
        ('<tr><td>가</td><td rowspan="2">5</td><td>1</td></tr><tr><td>나</td><td>2</td></tr><tr><td>다</td></tr>', "가\t5\t1\n나\t\t2\n다"),
        ('<tr><th colspan="2">점수</th><th>합</th></tr><tr><td>1</td><td>2</td><td>3</td></tr>', "점수\t\t합\n1\t2\t3"),
        (
            '<tr><th rowspan="2">이름</th><th colspan="2">점수</th></tr><tr><th>국어</th><th>수학</th></tr>',
            "이름\t점수\n\t국어\t수학",
        ),
        ('<tr><td colspan="99999999" rowspan="x">가</td><td>나</td></tr>', "가\t나"),
    ],
)
def test_cells_stand_under_those_of_their_column(markup, expected):
    assert text(f"<p>표</p><table>{markup}</table>") == f"표\n\n{expected}"


def test_cells_that_claim_many_columns_do_not_swell_the_text():
    page = "<table>" + "<tr><td rowspan=400 colspan=40>x" * 2000 + "</table>"
    assert len(text(page)) < 100 * 2000


@pytest.mark.parametrize(
    ("markup", "expected"),
    [
        ('<p>하늘은 <span style="font-size: 0px; color:#fff">퍼가지 마세요</span>왜?</p>', "하늘은 왜?"),
        ('<ul style="font-size:0"><li style="font-size:14px">가</li></ul>', "- 가"),
        ("<p>왜?</p><noscript>자바스크립트를 켜세요</noscript>", "왜?"),
        ('<p>세종<sup id="cite_ref-1" class="reference"><a href="#n">[1]</a></sup>은 왕</p>', "세종은 왕"),
        ("<p><button>등록</button>을 눌러도 왜?</p>", "등록을 눌러도 왜?"),
        ("<p><math><munder><mo>lim</mo><mrow><mi>x</mi><mo>→</mo><mn>0</mn></mrow></munder><mi>x</mi></math></p>", "$\\lim_{x\\to0}x$"),
        ("<p>이 식의 값<br>을 구하시오.</p>", "이 식의 값\n을 구하시오."),
        ("<div>줄바꿈은 <br>을 쓰나요?</div>", "줄바꿈은 <br>을 쓰나요?"),
        ("<p>\\begin{align}<br>x &amp;= 1<br/>\\end{align}<br>을 푸시오.</p>", "\\begin{align}\nx &= 1\n\\end{align}\n을 푸시오."),
    ],
)
def test_what_is_not_shown_goes_and_formulas_stay(markup, expected):
    assert text(markup) == expected


@pytest.mark.parametrize(
    ("escaped", "expected"),
    [
        ("&lt;p&gt;함수를 설명해 주세요.&lt;/p&gt;&lt;p&gt;x &amp;lt; 3&lt;/p&gt;", "함수를 설명해 주세요.\n\nx < 3"),
        ("안녕하세요&lt;br /&gt;미분 문제입니다.&lt;br&gt;답은?", "안녕하세요\n미분 문제입니다.\n답은?"),
        ("&lt;br&gt;와 &lt;p&gt;의 차이", "<br>와 <p>의 차이"),
        ("&lt;br&gt;와 &lt;br&gt;의 차이", "<br>와 <br>의 차이"),
        ('&lt;div class="a"&gt; 안에 &lt;div&gt; 을 넣으면?', '<div class="a"> 안에 <div> 을 넣으면?'),
        ("<p>&lt;p&gt;가&lt;/p&gt;</p>", "<p>가</p>"),
    ],
)
def test_a_page_that_was_escaped_as_a_whole_is_read_as_one(escaped, expected):
    assert text(escaped) == expected


HEAD = "작성자: 홍길동 | 작성일: 2020.01.02 12:33 | 조회 : 123"


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (f"제목\n\n{HEAD}\n질문입니다.", "제목\n\n질문입니다."),
        ("글번호: 12\n작성자: 홍길동\n질문입니다.", "질문입니다."),
        ("왜?\n\n공유하기\n신고하기 | 목록보기", "왜?"),
        *(
            (kept, kept)
            for kept in (
                "댓글: 이 영화 정말 재미있어요. 감정을 분류하세요.",
                "날짜: 3월 1일\n장소: 서울역\n초대장을 써 주세요.",
                "작성자: 홍길동\n작성일: 2024-01-01\n회의록을 써 주세요.",
                "닉네임: 하늘바다\n이 닉네임 어때요?",
                "조회수: 1200\n추천수: 30\n참여율은?",
                "취미를 고르세요.\n독서\n글쓰기",
                HEAD,
            )
        ),
    ],
)
def test_only_what_forums_write_around_a_post_is_taken_away(found, expected):
    assert text(found) == expected


def test_options_are_nobodys_boilerplate():
    frame = clean("무엇인가?", options=[["공유하기 | 신고하기", "이전글", "<b>글쓰기</b>"]])
    assert frame["options"].to_list() == [["공유하기 | 신고하기", "이전글", "글쓰기"]]
